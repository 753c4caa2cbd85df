#pragma once

// A user: its passwords, and what it may do.

#include <cstdint>
#include <string>
#include <string_view>

#include "larder/acl/held.h"
#include "larder/acl/password.h"
#include "larder/acl/rule.h"
#include "larder/acl/selector.h"
#include "larder/engine/command_table.h"
#include "larder/engine/session.h"

namespace larder::acl {

// The context in which rules are applied.
struct RuleContext {
  const engine::CommandTable& commands;
  bool all_channels_for_new;  // acl-pubsub-default
};

// Everything that rules can change. A value: changes are made to a copy first.
class Powers {
 public:
  // As `reset` leaves it: off, nothing allowed.
  explicit Powers(const RuleContext& context);

  // Applies one word. After an error nothing has changed.
  RuleError apply(std::string_view word, const RuleContext& context);

  bool enabled() const { return enabled_; }
  bool needs_password() const { return needs_password_; }
  bool skips_sanitizing() const { return skips_sanitizing_; }
  // True for any password if none is needed. Takes the same time for every password.
  bool accepts(const PasswordHash& password) const;
  const List<PasswordHash>& passwords() const { return passwords_; }
  // The first is the user's own, the others are the selectors in parentheses. Never empty.
  const List<Selector>& selectors() const { return selectors_; }

  // No command is refused, for any keys and channels.
  bool may_do_everything() const;
  // Allowed if any selector allows it. Otherwise the refusal that comes last in this order:
  // command, key, channel; and of these the one for the later argument.
  Verdict check(const engine::BoundCommand& command, resp::Args args) const;
  // Whether one selector allows the command and reading every key there is.
  bool may_read_all_keys(const engine::BoundCommand& command, resp::Args args) const;

  // "on nopass sanitize-payload ~* &* +@all": rules that create this user.
  std::string text() const;
  std::size_t held_bytes() const;

 private:
  void reset(const RuleContext& context);
  RuleError change_passwords(const Rule& rule);
  RuleError add_selector(std::string_view words, const RuleContext& context);

  bool enabled_ = false;
  bool needs_password_ = true;
  bool skips_sanitizing_ = false;
  List<PasswordHash> passwords_;
  List<Selector> selectors_;
};

// Whether `before` allows channels that `after` does not allow.
bool loses_channels(const Powers& before, const Powers& after);

// What the next walk over the sessions closes: those of the user that have subscriptions which it
// may no longer have, or all of them, because the user is removed.
enum class Closes : std::uint8_t { none, forbidden_subscribers, all };

struct User final : engine::Account {
  User(std::string_view called, const RuleContext& context)
      : Account{{}}, own_name(called), powers(context) {
    name = own_name;
  }
  User(const User&) = delete;
  User& operator=(const User&) = delete;

  std::size_t held_bytes() const { return acl::held_bytes(own_name) + powers.held_bytes(); }

  const Text own_name;
  Powers powers;
  Closes closes = Closes::none;
};

}  // namespace larder::acl
