#include "larder/acl/directory.h"

#include <algorithm>

namespace larder::acl {
namespace {

using engine::Denied;
using engine::Gate;

// The minimum time between two log lines about attacks.
constexpr std::int64_t kAttackMs = 60'000;

Reason reason(Denied denied) {
  switch (denied) {
    case Denied::key:
      return Reason::key;
    case Denied::channel:
      return Reason::channel;
    default:
      return Reason::command;
  }
}

bool stands_before(const Directory::Owned& user, std::string_view name) {
  return user->name < name;
}

const Powers& powers(const engine::Session& session) {
  return static_cast<const User*>(session.account)->powers;
}

}  // namespace

Directory::Directory(const Parts& parts) : parts_(parts) {
  default_ = &add(make_user(kDefault));
  default_->powers = all_powers();
  if (!parts_.engine_settings.requirepass.value().empty()) take_password();
  load_configured();
  parts_.engine_settings.requirepass.watch([this] {
    take_password();
    settle_all(nullptr);
    return base::Result<void>();
  });
  parts_.settings.acllog_max_len.watch([this] {
    refusals_.trim(static_cast<std::size_t>(parts_.settings.acllog_max_len.value()));
    return base::Result<void>();
  });
  parts_.settings.user.rewrite_as([this](const std::vector<config::Lines::Line>& inherited) {
    return has_file() ? std::vector<std::string>() : lines_after(inherited);
  });
}

Directory::~Directory() {
  parts_.engine_settings.requirepass.watch({});
  parts_.settings.acllog_max_len.watch({});
  parts_.settings.user.rewrite_as({});
}

RuleContext Directory::context() const {
  return {parts_.commands, parts_.settings.acl_pubsub_default.value() == 0};
}

Directory::Owned Directory::make_user(std::string_view name) const {
  return Owned(memory::make<User>(kOwner, name, context()));
}

User* Directory::find_mutable(std::string_view name) const {
  const auto at = std::lower_bound(users_.begin(), users_.end(), name, stands_before);
  return at != users_.end() && (*at)->name == name ? at->get() : nullptr;
}

const User* Directory::find(std::string_view name) const { return find_mutable(name); }

User& Directory::add(Owned user) {
  const auto at = std::lower_bound(users_.begin(), users_.end(), user->name, stands_before);
  const auto place = static_cast<std::size_t>(at - users_.begin());
  for (UserWalk* walk = first_walk_; walk != nullptr; walk = walk->next_walk_) {
    if (place < walk->at_) ++walk->at_;
  }
  return **users_.insert(at, std::move(user));
}

void Directory::take_password() {
  const std::string& password = parts_.engine_settings.requirepass.value();
  default_->powers.apply("resetpass", context());
  default_->powers.apply(password.empty() ? "nopass" : ">" + password, context());
}

// Sessions

void Directory::admit(engine::Session& session) const {
  session.account = default_;
  session.logged_in = is_open();
  session.closed_gates = engine::closed_gates(parts_.engine_settings, session.peer());
  settle(session);
}

void Directory::settle(engine::Session& session) const {
  if (session.account == nullptr) return;
  std::uint32_t closed = session.closed_gates & ~(bit(Gate::auth) | bit(Gate::permission));
  if (!session.logged_in && !is_open()) closed |= bit(Gate::auth);
  if (!powers(session).may_do_everything()) closed |= bit(Gate::permission);
  session.closed_gates = closed;
}

void Directory::settle_all(const engine::Session* asking) {
  for (engine::Session* each = parts_.sessions.first(); each != nullptr; each = each->next()) {
    must_close(*each) ? close(*each, asking) : settle(*each);
  }
  drop_removed();
}

bool Directory::must_close(const engine::Session& session) const {
  if (session.account == nullptr) return false;
  const User& user = *static_cast<const User*>(session.account);
  return user.closes == Closes::all || (user.closes == Closes::forbidden_subscribers &&
                                        has_forbidden_subscription(session, user.powers));
}

// Removes the user of the session and closes it.
void Directory::close(engine::Session& session, const engine::Session* asking) const {
  session.account = default_;
  session.logged_in = false;
  settle(session);
  session.close(&session == asking ? engine::Closing::after_reply : engine::Closing::now);
}

bool Directory::log_in(engine::Session& session, const Login& login) {
  const PasswordHash hash = hash_password(login.password);
  User* const user = find_mutable(login.user);
  if (user == nullptr || !user->powers.enabled() || !user->powers.accepts(hash)) {
    note(session, {.reason = Reason::auth,
                   .occasion = engine::CommandContext::top_level,
                   .object = login.command,
                   .user = login.user,
                   .client = {}});
    return false;
  }
  session.account = user;
  session.logged_in = true;
  settle(session);
  return true;
}

// Calls by the engine

Denied Directory::check(const engine::Session& session, const engine::BoundCommand& command,
                        resp::Args args, engine::CommandContext occasion) {
  const Verdict verdict = powers(session).check(command, args);
  if (verdict.denied == Denied::nothing) return verdict.denied;
  const std::string name = command.full_name();
  note(session, {.reason = reason(verdict.denied),
                 .occasion = occasion,
                 .object = verdict.denied == Denied::command ? std::string_view(name)
                                                             : args[verdict.position],
                 .user = session.account->name,
                 .client = {}});
  return verdict.denied;
}

bool Directory::may_run(const engine::Session& session, const engine::BoundCommand& command,
                        resp::Args args) const {
  return powers(session).check(command, args).denied == Denied::nothing;
}

bool Directory::may_read_all_keys(const engine::Session& session,
                                  const engine::BoundCommand& command, resp::Args args) const {
  return (session.closed_gates & bit(Gate::permission)) == 0 ||
         powers(session).may_read_all_keys(command, args);
}

void Directory::report_attack(const engine::Session& session) {
  const std::int64_t now = parts_.clock.steady_ms();
  if (attack_logged_ms_ != 0 && now - attack_logged_ms_ <= kAttackMs) return;
  attack_logged_ms_ = now;
  parts_.log.warning(
      "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands "
      "to Redis. This is likely due to an attacker attempting to use Cross Protocol Scripting to "
      "compromise your Redis instance. Connection from " +
      session.peer().address() + " aborted.");
}

void Directory::note(const engine::Session& session, const Refusal& refusal) {
  switch (refusal.reason) {
    case Reason::auth:
      ++parts_.metrics.denied_auth;
      break;
    case Reason::command:
      ++parts_.metrics.denied_command;
      break;
    case Reason::key:
      ++parts_.metrics.denied_key;
      break;
    case Reason::channel:
      ++parts_.metrics.denied_channel;
      break;
  }
  const auto most = static_cast<std::size_t>(parts_.settings.acllog_max_len.value());
  const std::string client = parts_.describe(session, parts_.clock);
  Refusal whole = refusal;
  whole.client = client;
  refusals_.add(whole, now_ms(), most);
}

// Changes

base::Result<void> Directory::change(std::string_view name,
                                     std::span<const std::string_view> rules) {
  const RuleWords words = join_selectors(rules);
  if (words.unclosed) {
    return base::Error{"Unmatched parenthesis in acl selector starting at '" +
                       std::string(rules[*words.unclosed]) + "'."};
  }
  User* user = find_mutable(name);
  Powers draft = user != nullptr ? user->powers : Powers(context());
  for (const std::string& word : words.words) {
    const RuleError error = draft.apply(word, context());
    if (error == RuleError::none) continue;
    return base::Error{"Error in ACL SETUSER modifier '" + word + "': " + std::string(text(error))};
  }
  if (user == nullptr) {
    add(make_user(name)).powers = std::move(draft);
    return {};
  }
  const bool was_open = is_open();
  const bool did_everything = user->powers.may_do_everything();
  change_powers(*user, std::move(draft));
  // Sessions store nothing else of it.
  if (user->closes != Closes::none || is_open() != was_open ||
      user->powers.may_do_everything() != did_everything) {
    settle_all(nullptr);
  }
  return {};
}

// The caller must call settle_all() for the sessions.
void Directory::change_powers(User& user, Powers powers) {
  if (loses_channels(user.powers, powers)) user.closes = Closes::forbidden_subscribers;
  user.powers = std::move(powers);
}

std::size_t Directory::remove(std::span<const std::string_view> names,
                              const engine::Session& asking) {
  std::size_t removed = 0;
  for (const std::string_view name : names) {
    User* const user = find_mutable(name);
    LARDER_ASSERT(user != default_);
    if (user == nullptr || user->closes == Closes::all) continue;
    user->closes = Closes::all;
    ++removed;
  }
  if (removed > 0) settle_all(&asking);
  return removed;
}

// Their sessions are closed, and those of the others are settled.
void Directory::drop_removed() {
  const auto is_removed = [](const Owned& user) { return user->closes == Closes::all; };
  for (UserWalk* walk = first_walk_; walk != nullptr; walk = walk->next_walk_) {
    const auto visited = users_.begin() + static_cast<std::ptrdiff_t>(walk->at_);
    walk->at_ -= static_cast<std::size_t>(std::count_if(users_.begin(), visited, is_removed));
  }
  std::erase_if(users_, is_removed);
  for (const Owned& user : users_) user->closes = Closes::none;
}

Powers Directory::all_powers() const {
  Powers powers(context());
  for (const std::string_view rule : {"+@all", "~*", "&*", "on", "nopass"}) {
    powers.apply(rule, context());
  }
  return powers;
}

bool Directory::has_forbidden_subscription(const engine::Session& session,
                                           const Powers& allowed) const {
  struct Visitor final : engine::Subscriptions::Visitor {
    explicit Visitor(const Powers& allowed_) : allowed(allowed_) {}
    bool visit(engine::Subscriptions::Kind kind, std::string_view name) override {
      const bool is_pattern = kind == engine::Subscriptions::Kind::pattern;
      for (const Selector& each : allowed.selectors()) {
        if (each.all_channels() || admits_channel(each.channels(), name, is_pattern)) return false;
      }
      return true;
    }
    const Powers& allowed;
  };
  Visitor visitor(allowed);
  return subscriptions_ != nullptr && subscriptions_->any(session, visitor);
}

void Directory::report_bytes(memory::Audit& audit) const {
  std::size_t bytes = acl::held_bytes(users_) + refusals_.held_bytes();
  for (const Owned& user : users_) bytes += memory::size_class(sizeof(User)) + user->held_bytes();
  audit.found(kOwner, static_cast<std::int64_t>(bytes));
}

}  // namespace larder::acl
