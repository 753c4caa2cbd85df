#include "larder/acl/directory.h"
#include "larder/commands/client_line.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

// What CLIENT LIST's TYPE and CLIENT KILL's TYPE may name.
bool is_client_type(std::string_view type) {
  for (const std::string_view known : {"normal", "master", "slave", "replica", "pubsub"}) {
    if (base::equals_ignoring_case(type, known)) return true;
  }
  return false;
}

void list_by_id(Call& call, Sessions& sessions, const base::Clock& clock) {
  std::string lines;
  for (std::size_t i = 3; i < call.size(); ++i) {
    const auto id = base::parse_int64(call.arg(i));
    if (!id) return call.reply.error("ERR Invalid client ID");
    const Session* session = *id > 0 ? sessions.find(static_cast<std::uint64_t>(*id)) : nullptr;
    if (session != nullptr) lines += client_line(*session, clock) + "\n";
  }
  call.reply.verbatim("txt", lines);
}

void client_list(Call& call, Sessions& sessions, base::Clock& clock) {
  ArgReader options(call, 2);
  bool normal = true;
  if (options.option("ID")) return list_by_id(call, sessions, clock);
  if (options.option("TYPE")) {
    const std::string_view type = options.text();
    if (!is_client_type(type)) {
      return call.reply.error("ERR Unknown client type '" + std::string(type) + "'");
    }
    normal = base::equals_ignoring_case(type, "normal");
  }
  if (options.more()) options.fail(errors::kSyntax);
  if (options.failed()) return;
  std::string lines;
  for (const Session* session = normal ? sessions.first() : nullptr; session != nullptr;
       session = session->next()) {
    lines += client_line(*session, clock) + "\n";
  }
  call.reply.verbatim("txt", lines);
}

void client_info(Call& call, base::Clock& clock) {
  call.reply.verbatim("txt", client_line(call.session, clock) + "\n");
}

struct KillFilter {
  std::optional<std::uint64_t> id;
  std::optional<std::string_view> address;
  std::optional<std::string_view> local_address;
  const Account* user = nullptr;
  bool normal = true;
  bool skip_me = true;

  bool matches(const Session& session, const Session& me) const {
    return normal && (!id || session.id == *id) && (!skip_me || &session != &me) &&
           (user == nullptr || session.account == user) &&
           (!address || session.peer().address() == *address) &&
           (!local_address || session.peer().local_address() == *local_address);
  }
};

// Closing one's own connection waits for the reply.
void kill(Session& session, const Session& me) {
  session.close(&session == &me ? Closing::after_reply : Closing::now);
}

std::size_t kill_all(const KillFilter& filter, const Sessions& sessions, const Session& me) {
  std::size_t killed = 0;
  for (Session* session = sessions.first(); session != nullptr; session = session->next()) {
    if (!filter.matches(*session, me)) continue;
    kill(*session, me);
    ++killed;
  }
  return killed;
}

bool read_yes_no(ArgReader& options) {
  if (options.word("yes")) return true;
  if (!options.word("no")) options.fail(errors::kSyntax);
  return false;
}

// Reads one pair of CLIENT KILL's newer form; false after answering an error.
bool read_filter(Call& call, ArgReader& options, const acl::Directory& directory,
                 KillFilter& filter) {
  if (options.option("ID")) {
    const std::int64_t id = options.integer("ERR client-id should be greater than 0");
    if (id < 1) options.fail("ERR client-id should be greater than 0");
    filter.id = static_cast<std::uint64_t>(id);
  } else if (options.option("TYPE")) {
    const std::string_view type = options.text();
    if (!is_client_type(type)) {
      return call.reply.error("ERR Unknown client type '" + std::string(type) + "'"), false;
    }
    filter.normal = base::equals_ignoring_case(type, "normal");
  } else if (options.option("ADDR")) {
    filter.address = options.text();
  } else if (options.option("LADDR")) {
    filter.local_address = options.text();
  } else if (options.option("USER")) {
    const std::string_view user = options.text();
    filter.user = directory.find(user);
    if (filter.user == nullptr) {
      return call.reply.error("ERR No such user '" + std::string(user) + "'"), false;
    }
  } else if (options.option("SKIPME")) {
    filter.skip_me = read_yes_no(options);
  } else {
    options.fail(errors::kSyntax);
  }
  return true;
}

void client_kill(Call& call, Sessions& sessions, acl::Directory& directory) {
  KillFilter filter;
  if (call.size() == 3) {
    filter.address = call.arg(2);
    filter.skip_me = false;
    if (kill_all(filter, sessions, call.session) == 0)
      return call.reply.error("ERR No such client");
    return call.reply.ok();
  }
  ArgReader options(call, 2);
  while (options.more()) {
    if (!read_filter(call, options, directory, filter)) return;
  }
  if (options.failed()) return;
  call.reply.integer(static_cast<std::int64_t>(kill_all(filter, sessions, call.session)));
}

constexpr std::uint32_t kFlags = kNoScript | kLoading | kStale;

}  // namespace

std::span<const engine::Command> connection_client_list() {
  static constexpr Command kCommands[] = {
      {.name = "client list",
       .family = Family::connection,
       .arity = at_least(2),
       .flags = kAdmin | kFlags,
       .handler = Handler::of<client_list>(),
       .since = "2.4.0",
       .summary = "Lists the connections.",
       .complexity = "O(N) where N is the number of connections",
       .arguments = "client-type:oneof@TYPE?(normal:pure-token@NORMAL master:pure-token@MASTER "
                    "replica:pure-token@REPLICA pubsub:pure-token@PUBSUB) client-id:integer@ID?*",
       .tips = "nondeterministic_output"},
      {.name = "client info",
       .family = Family::connection,
       .arity = exactly(2),
       .flags = kFlags,
       .handler = Handler::of<client_info>(),
       .since = "6.2.0",
       .summary = "Tells about this connection.",
       .complexity = "O(1)",
       .tips = "nondeterministic_output"},
      {.name = "client kill",
       .family = Family::connection,
       .arity = at_least(3),
       .flags = kAdmin | kFlags,
       .handler = Handler::of<client_kill>(),
       .since = "2.4.0",
       .summary = "Closes connections, by address or by filters that must all match.",
       .complexity = "O(N) where N is the number of connections",
       .arguments =
           "filter:oneof(old-format:string=ip:port new-format:oneof*(client-id:integer@ID? "
           "client-type:oneof@TYPE?(normal:pure-token@NORMAL master:pure-token@MASTER "
           "slave:pure-token@SLAVE replica:pure-token@REPLICA pubsub:pure-token@PUBSUB) "
           "username:string@USER? addr:string=ip:port@ADDR? laddr:string=ip:port@LADDR? "
           "skipme:oneof@SKIPME?(yes:pure-token@YES no:pure-token@NO)))"},
  };
  return kCommands;
}

}  // namespace larder::commands
