#include <memory>
#include <optional>
#include <utility>

#include "larder/acl/directory.h"
#include "larder/commands/client_line.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

// The classes for TYPE. Monitoring clients are normal.
enum class ClientType : std::uint8_t { normal, primary, replica, pubsub };

std::optional<ClientType> client_type(std::string_view word) {
  static constexpr std::pair<std::string_view, ClientType> kTypes[] = {
      {"normal", ClientType::normal}, {"master", ClientType::primary},
      {"slave", ClientType::replica}, {"replica", ClientType::replica},
      {"pubsub", ClientType::pubsub},
  };
  for (const auto& [name, type] : kTypes) {
    if (base::equals_ignoring_case(word, name)) return type;
  }
  return std::nullopt;
}

std::string unknown_type(std::string_view word) {
  return "ERR Unknown client type '" + std::string(word) + "'";
}

ClientType type_of(const Session& session) {
  if (session.peer().is_primary()) return ClientType::primary;
  if (session.is_replica) return ClientType::replica;
  return session.is_subscribed() ? ClientType::pubsub : ClientType::normal;
}

// CLIENT LIST and CLIENT KILL visit all sessions, this many between two readings of the clock.
constexpr int kListedInARow = 16;
constexpr int kKilledInARow = 16;
// To find a session by its id is a walk over them.
constexpr int kFoundInARow = 1;

// The place of the first id in CLIENT LIST ID.
constexpr std::size_t kFirstId = 3;

struct SessionsSeen final : Progress {
  SessionsSeen(Call& call, Sessions& sessions)
      : Progress(call.long_commands, call.reply.buffer().pool()), walk(sessions) {
    reply.bound(call.reply.buffer().left_of_bound());
  }
  std::size_t bytes() const override { return memory::size_class(sizeof(SessionsSeen)); }

  static std::unique_ptr<SessionsSeen> of(Call& call, Sessions& sessions) {
    std::unique_ptr<SessionsSeen> seen = call.progress<SessionsSeen>();
    if (seen == nullptr) seen.reset(new SessionsSeen(call, sessions));
    return seen;
  }

  SessionWalk walk;
  std::size_t next_id = kFirstId;  // of CLIENT LIST ID
  std::size_t killed = 0;
  bool kills_itself = false;
};

constexpr std::string_view kEnd = "\r\n";

// False if there is no room for more. Behind the lines there is nothing for which there could be no
// room any more.
bool append(SessionsSeen& seen, std::string_view text) {
  seen.reply.append(text);
  return !seen.reply.is_dropping();
}

void answer_lines(Call& call, SessionsSeen& seen) {
  call.reply.begin_verbatim("txt", seen.reply.size() - kEnd.size());
  call.reply.take_over(seen.reply);
}

// The sessions to list: next() has nothing after the last one, and null for one that is left out.
struct ByType {
  static constexpr int kInARow = kListedInARow;

  std::optional<Session*> next(SessionsSeen& seen) const {
    Session* const session = seen.walk.next();
    if (session == nullptr) return std::nullopt;
    return type && type_of(*session) != *type ? nullptr : session;
  }
  static void go_back(SessionsSeen& seen, Session& session) { seen.walk.go_back_to(session); }

  std::optional<ClientType> type;
};

struct ById {
  static constexpr int kInARow = kFoundInARow;

  std::optional<Session*> next(SessionsSeen& seen) const {
    if (seen.next_id == call.size()) return std::nullopt;
    const std::int64_t id = *base::parse_int64(call.arg(seen.next_id++));
    return id > 0 ? sessions.find(static_cast<std::uint64_t>(id)) : nullptr;
  }
  static void go_back(SessionsSeen& seen, const Session&) { --seen.next_id; }

  const Call& call;
  const Sessions& sessions;
};

template <typename Source>
void list(Call& call, Sessions& sessions, const base::Clock& clock, const Source& source) {
  std::unique_ptr<SessionsSeen> seen = SessionsSeen::of(call, sessions);
  do {
    for (int i = 0; i < Source::kInARow; ++i) {
      const std::optional<Session*> session = source.next(*seen);
      const std::uint64_t bytes = seen->reply.size();
      if (!session) {
        if (append(*seen, kEnd)) return answer_lines(call, *seen);
        return call.wait_for_memory(std::move(seen), bytes);
      }
      if (*session == nullptr || call.reply.muted()) continue;
      if (append(*seen, client_line(**session, clock) + "\n")) continue;
      source.go_back(*seen, **session);
      return call.wait_for_memory(std::move(seen), bytes);
    }
  } while (!call.step_is_over());
  call.continue_later(std::move(seen));
}

bool has_valid_ids(const Call& call) {
  for (std::size_t i = kFirstId; i < call.size(); ++i) {
    if (!base::parse_int64(call.arg(i))) return false;
  }
  return true;
}

void list_by_id(Call& call, Sessions& sessions, const base::Clock& clock) {
  if (!has_valid_ids(call)) return call.reply.error("ERR Invalid client ID");
  list(call, sessions, clock, ById{call, sessions});
}

void client_list(Call& call, Sessions& sessions, base::Clock& clock) {
  ArgReader options(call, 2);
  std::optional<ClientType> wanted;
  if (options.option("ID")) return list_by_id(call, sessions, clock);
  if (call.size() == 4 && options.option("TYPE")) {
    const std::string_view word = options.text();
    wanted = client_type(word);
    if (!wanted) return call.reply.error(unknown_type(word));
  }
  if (options.more()) options.fail(errors::kSyntax);
  if (options.failed()) return;
  list(call, sessions, clock, ByType{wanted});
}

void client_info(Call& call, base::Clock& clock) {
  call.reply.verbatim("txt", client_line(call.session, clock) + "\n");
}

struct KillFilter {
  std::optional<std::uint64_t> id;
  std::optional<std::string_view> address;
  std::optional<std::string_view> local_address;
  const Account* user = nullptr;
  std::optional<ClientType> type;
  bool skip_me = true;

  bool matches(const Session& session, const Session& me) const {
    return (!type || type_of(session) == *type) && (!id || session.id == *id) &&
           (!skip_me || &session != &me) && (user == nullptr || session.account == user) &&
           (!address || session.peer().address() == *address) &&
           (!local_address || session.peer().local_address() == *local_address);
  }
};

// Kills some more; true after the last. Closing one's own connection waits for the reply.
bool kill_some(const KillFilter& filter, const Session& me, SessionsSeen& seen) {
  for (int i = 0; i < kKilledInARow; ++i) {
    Session* const session = seen.walk.next();
    if (session == nullptr) return true;
    if (!filter.matches(*session, me)) continue;
    ++seen.killed;
    if (session == &me) {
      seen.kills_itself = true;
    } else {
      session->close(Closing::now);
    }
  }
  return false;
}

// If the filter is only an address, an address without a client is an error.
enum class KillForm : std::uint8_t { address, filters };

void answer_killed(Call& call, const SessionsSeen& seen, KillForm form) {
  if (seen.kills_itself) call.session.close(Closing::after_reply);
  if (form == KillForm::filters) return call.reply.integer(static_cast<std::int64_t>(seen.killed));
  seen.killed == 0 ? call.reply.error("ERR No such client") : call.reply.ok();
}

void kill_all(Call& call, Sessions& sessions, const KillFilter& filter, KillForm form) {
  std::unique_ptr<SessionsSeen> seen = SessionsSeen::of(call, sessions);
  do {
    if (kill_some(filter, call.session, *seen)) return answer_killed(call, *seen, form);
  } while (!call.step_is_over());
  call.continue_later(std::move(seen));
}

bool read_yes_no(ArgReader& options) {
  if (options.word("yes")) return true;
  if (!options.word("no")) options.fail(errors::kSyntax);
  return false;
}

// Reads one pair of CLIENT KILL's newer form; false if an error has been sent.
bool read_filter(Call& call, ArgReader& options, const acl::Directory& directory,
                 KillFilter& filter) {
  if (options.option("ID")) {
    const std::int64_t id = options.integer("ERR client-id should be greater than 0");
    if (id < 1) options.fail("ERR client-id should be greater than 0");
    filter.id = static_cast<std::uint64_t>(id);
  } else if (options.option("TYPE")) {
    const std::string_view word = options.text();
    filter.type = client_type(word);
    if (!filter.type) return call.reply.error(unknown_type(word)), false;
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
    return kill_all(call, sessions, filter, KillForm::address);
  }
  ArgReader options(call, 2);
  while (options.more()) {
    if (!read_filter(call, options, directory, filter)) return;
  }
  if (options.failed()) return;
  kill_all(call, sessions, filter, KillForm::filters);
}

constexpr std::uint32_t kClientListFlags = kNoScript | kLoading | kStale | kWhilePaused;

}  // namespace

std::span<const engine::Command> connection_client_list() {
  static constexpr Command kCommands[] = {
      {.name = "client list",
       .family = Family::connection,
       .arity = at_least(2),
       .flags = kAdmin | kClientListFlags,
       .only_shows = true,
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
       .flags = kClientListFlags,
       .only_shows = true,
       .handler = Handler::of<client_info>(),
       .since = "6.2.0",
       .summary = "Returns information about this connection.",
       .complexity = "O(1)",
       .tips = "nondeterministic_output"},
      {.name = "client kill",
       .family = Family::connection,
       .arity = at_least(3),
       .flags = kAdmin | kClientListFlags,
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
