// Users: made, changed, described and removed.

#include <memory>
#include <utility>

#include "../container_help.h"
#include "../room.h"
#include "larder/acl/directory.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

void acl_setuser(Call& call, acl::Directory& directory, eviction::Evictor& evictor) {
  const std::string_view name = call.arg(2);
  if (!has_room_beside_data(call, evictor, memory::Owner::acl)) return;
  if (acl::has_blanks(name)) {
    return call.reply.error("ERR Usernames can't contain spaces or null characters");
  }
  const auto changed = directory.change(name, call.args.subspan(3));
  if (!changed) return call.reply.error("ERR " + changed.error().text);
  call.reply.ok();
}

void acl_deluser(Call& call, acl::Directory& directory) {
  const resp::Args names = call.args.subspan(2);
  for (const std::string_view name : names) {
    if (name == directory.default_user().name) {
      return call.reply.error("ERR The 'default' user cannot be removed");
    }
  }
  call.reply.integer(static_cast<std::int64_t>(directory.remove(names, call.session)));
}

void write_selector(resp::Writer& reply, const acl::Selector& selector) {
  reply.bulk("commands");
  reply.bulk(selector.commands_text());
  reply.bulk("keys");
  reply.bulk(selector.keys_text());
  reply.bulk("channels");
  reply.bulk(selector.channels_text());
}

void write_flags(resp::Writer& reply, const acl::Powers& powers) {
  reply.bulk("flags");
  reply.set(powers.needs_password() ? 2 : 3);
  reply.bulk(powers.enabled() ? "on" : "off");
  if (!powers.needs_password()) reply.bulk("nopass");
  reply.bulk(powers.skips_sanitizing() ? "skip-sanitize-payload" : "sanitize-payload");
}

void acl_getuser(Call& call, acl::Directory& directory) {
  const acl::User* user = directory.find(call.arg(2));
  if (user == nullptr) return call.reply.null();
  resp::Writer& reply = call.reply;
  const acl::Powers& powers = user->powers;
  constexpr std::uint64_t kSelectorFields = 3;
  reply.map(3 + kSelectorFields);
  write_flags(reply, powers);
  reply.bulk("passwords");
  reply.array(powers.passwords().size());
  for (const acl::PasswordHash& each : powers.passwords()) reply.bulk(each.text());
  write_selector(reply, powers.selectors().front());
  reply.bulk("selectors");
  reply.array(powers.selectors().size() - 1);
  for (std::size_t i = 1; i < powers.selectors().size(); ++i) {
    reply.map(kSelectorFields);
    write_selector(reply, powers.selectors()[i]);
  }
}

// ACL LIST and ACL USERS visit all users, this many between two readings of the clock.
constexpr int kUsersInARow = 16;

struct UsersSeen final : Progress {
  UsersSeen(Call& call, acl::Directory& directory)
      : Progress(call.long_commands, call.reply.buffer().pool()), walk(directory) {
    reply.bound(call.reply.buffer().left_of_bound());
  }
  std::size_t bytes() const override { return memory::size_class(sizeof(UsersSeen)); }

  acl::UserWalk walk;
  std::uint64_t count = 0;
};

void answer(Call& call, UsersSeen& seen) {
  call.reply.array(seen.count);
  call.reply.take_over(seen.reply);
}

// Replies with text(user) of each user.
template <typename Text>
void list_users(Call& call, acl::Directory& directory, Text text) {
  std::unique_ptr<UsersSeen> seen = call.progress<UsersSeen>();
  if (seen == nullptr) seen.reset(new UsersSeen(call, directory));
  resp::Writer reply(seen->reply);
  reply.mute(call.reply.muted());
  do {
    for (int i = 0; i < kUsersInARow; ++i) {
      const std::uint64_t bytes = seen->reply.size();
      const acl::User* const user = seen->walk.next();
      if (user == nullptr) return answer(call, *seen);
      reply.bulk(text(*user));
      if (seen->reply.is_dropping()) {
        seen->walk.go_back();
        return call.wait_for_memory(std::move(seen), bytes);
      }
      ++seen->count;
    }
  } while (!call.step_is_over());
  call.continue_later(std::move(seen));
}

void acl_list(Call& call, acl::Directory& directory) {
  list_users(call, directory, [](const acl::User& user) { return acl::Directory::line_of(user); });
}

void acl_users(Call& call, acl::Directory& directory) {
  list_users(call, directory, [](const acl::User& user) { return user.name; });
}

void acl_whoami(Call& call) { call.reply.bulk(call.session.account->name); }

constexpr std::uint32_t kAclFlags = kNoScript | kLoading | kStale;

// The users, rules and passwords in the arguments are secret.
bool is_about_users(resp::Args, std::size_t index) { return index >= 2; }

}  // namespace

std::span<const engine::Command> server_acl() {
  static constexpr Command kCommands[] = {
      {.name = "acl",
       .family = Family::server,
       .arity = at_least(2),
       .flags = kContainer,
       .since = "6.0.0",
       .summary = "Commands about users and their permissions.",
       .complexity = "Depends on subcommand."},
      {.name = "acl deluser",
       .family = Family::server,
       .arity = at_least(3),
       .flags = kAdmin | kAclFlags,
       .handler = Handler::of<acl_deluser>(),
       .is_secret = is_about_users,
       .since = "6.0.0",
       .summary = "Removes users and closes their connections.",
       .complexity = "O(1) amortized time considering the typical user.",
       .arguments = "username:string*",
       .tips = "request_policy:all_nodes response_policy:all_succeeded"},
      {.name = "acl getuser",
       .family = Family::server,
       .arity = exactly(3),
       .flags = kAdmin | kAclFlags,
       .only_shows = true,
       .handler = Handler::of<acl_getuser>(),
       .is_secret = is_about_users,
       .since = "6.0.0",
       .summary = "Returns a user's password hashes and permissions.",
       .complexity = "O(N). Where N is the number of password, command and pattern rules that the "
                     "user has.",
       .arguments = "username:string"},
      {.name = "acl help",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kLoading | kStale,
       .handler = Handler::of<container_help>(),
       .since = "6.0.0",
       .summary = "Lists these subcommands.",
       .complexity = "O(1)"},
      {.name = "acl list",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kAdmin | kAclFlags,
       .only_shows = true,
       .handler = Handler::of<acl_list>(),
       .since = "6.0.0",
       .summary = "Lists all users with their rules, as an ACL file holds them.",
       .complexity = "O(N). Where N is the number of configured users."},
      {.name = "acl setuser",
       .family = Family::server,
       .arity = at_least(3),
       .flags = kAdmin | kAclFlags,
       .handler = Handler::of<acl_setuser>(),
       .is_secret = is_about_users,
       .since = "6.0.0",
       .summary = "Creates or changes a user: applies all of the rules or, after an error, none.",
       .complexity = "O(N). Where N is the number of rules provided.",
       .arguments = "username:string rule:string?*",
       .tips = "request_policy:all_nodes response_policy:all_succeeded"},
      {.name = "acl users",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kAdmin | kAclFlags,
       .only_shows = true,
       .handler = Handler::of<acl_users>(),
       .since = "6.0.0",
       .summary = "Lists the names of all users.",
       .complexity = "O(N). Where N is the number of configured users."},
      {.name = "acl whoami",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kAclFlags,
       .handler = Handler::of<acl_whoami>(),
       .since = "6.0.0",
       .summary = "Returns the user of this connection.",
       .complexity = "O(1)"},
  };
  return kCommands;
}

}  // namespace larder::commands
