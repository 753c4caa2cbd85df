#pragma once

// All users. Stores the user of each session, closes Gate::permission for sessions whose user may
// not run everything, and checks their commands for the engine. When a user changes, all of its
// sessions are checked again; when a user is deleted, its sessions are closed. Both take one walk
// over all sessions, however many users change.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "larder/acl/metrics.h"
#include "larder/acl/refusal_log.h"
#include "larder/acl/settings.h"
#include "larder/acl/user.h"
#include "larder/acl/user_walk.h"
#include "larder/base/clock.h"
#include "larder/base/log.h"
#include "larder/base/result.h"
#include "larder/engine/access_control.h"
#include "larder/engine/command_table.h"
#include "larder/engine/session.h"
#include "larder/engine/settings.h"
#include "larder/memory/audit.h"

namespace larder::acl {

struct FileUser;

class Directory final : public engine::Credentials,
                        public engine::Guard,
                        public memory::AuditedOwner {
 public:
  static constexpr std::string_view kDefault = "default";

  struct Parts {
    Settings& settings;
    engine::Settings& engine_settings;
    engine::CommandTable& commands;
    engine::Sessions& sessions;
    Metrics& metrics;
    const base::Clock& clock;
    base::Log& log;
    // A session's line of CLIENT LIST, for the log of refusals.
    std::string (*describe)(const engine::Session& session, const base::Clock& clock);
  };

  // Loads the users of the configuration, or those of `aclfile`. Throws std::runtime_error with a
  // line for the log if they are invalid.
  explicit Directory(const Parts& parts);
  ~Directory() override;
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  struct Deleter {
    void operator()(User* user) const { memory::destroy(kOwner, user); }
  };
  using Owned = std::unique_ptr<User, Deleter>;

  // Sorted by name; "default" is always there.
  std::span<const Owned> users() const { return users_; }
  const User* find(std::string_view name) const;
  const User& default_user() const { return *default_; }

  // "user <name> <rules>", as ACL LIST shows it and files hold it; and for each user.
  static std::string line_of(const User& user, std::string_view first_rule = {});
  std::vector<std::string> lines() const;

  // engine::Credentials
  bool password_required() const override { return default_->powers.needs_password(); }
  void admit(engine::Session& session) const override;

  // engine::Guard
  engine::Denied check(const engine::Session& session, const engine::BoundCommand& command,
                       resp::Args args, engine::CommandContext occasion) override;
  bool may_run(const engine::Session& session, const engine::BoundCommand& command,
               resp::Args args) const override;
  bool may_read_all_keys(const engine::Session& session, const engine::BoundCommand& command,
                         resp::Args args) const override;
  void report_attack(const engine::Session& session) override;

  // AUTH and HELLO: sets the user of the session. A refusal is counted and logged with the name
  // `command`. Computes one hash whether or not the user exists.
  struct Login {
    std::string_view user;
    std::string_view password;
    std::string_view command;
  };
  bool log_in(engine::Session& session, const Login& login);

  // ACL SETUSER: all of the rules or, after an error, none. The error is the reply's text without
  // its code.
  base::Result<void> change(std::string_view name, std::span<const std::string_view> rules);
  // ACL DELUSER: how many of the users existed. Their sessions are closed: `asking`, which runs the
  // command, after its reply, the others at once. Not for the default user.
  std::size_t remove(std::span<const std::string_view> names, const engine::Session& asking);

  // ACL LOAD and ACL SAVE. The error is the reply's text without its code. A file with errors
  // changes nothing; sessions whose user is not in the file are closed.
  base::Result<void> load(const engine::Session& asking);
  base::Result<void> save() const;
  bool has_file() const { return !parts_.settings.aclfile.value().empty(); }

  // The object that stores the subscriptions of sessions: sessions with subscriptions that their
  // user may no longer have are closed.
  void set_subscriptions(const engine::Subscriptions& subscriptions) {
    subscriptions_ = &subscriptions;
  }

  const RefusalLog& refusals() const { return refusals_; }
  void forget_refusals() { refusals_.clear(); }
  std::int64_t now_ms() const { return parts_.clock.unix_ms(); }

  // Reports all bytes charged to Owner::acl to the audit.
  void report_bytes(memory::Audit& audit) const override;

 private:
  friend class UserWalk;

  RuleContext context() const;
  Owned make_user(std::string_view name) const;
  User* find_mutable(std::string_view name) const;
  User& add(Owned user);

  void load_configured();
  void configure(std::size_t number);
  std::vector<std::string> lines_after(const std::vector<config::Lines::Line>& inherited) const;
  std::string powers_text(const config::Lines::Line& line) const;
  base::Result<void> load_from_file(const engine::Session* asking);
  void replace_all(std::vector<FileUser> fresh, const engine::Session* asking);

  Powers all_powers() const;
  static void change_powers(User& user, Powers powers);
  void drop_removed();

  // requirepass is the default user's password.
  void take_password();
  bool is_open() const { return default_->powers.enabled() && !default_->powers.needs_password(); }
  void settle(engine::Session& session) const;
  void settle_all(const engine::Session* asking);
  bool must_close(const engine::Session& session) const;
  void close(engine::Session& session, const engine::Session* asking) const;
  bool has_forbidden_subscription(const engine::Session& session, const Powers& powers) const;
  void note(const engine::Session& session, const Refusal& refusal);

  Parts parts_;
  List<Owned> users_;
  User* default_ = nullptr;
  UserWalk* first_walk_ = nullptr;
  RefusalLog refusals_;
  const engine::Subscriptions* subscriptions_ = nullptr;
  std::int64_t attack_logged_ms_ = 0;  // steady time; 0 for never
};

}  // namespace larder::acl
