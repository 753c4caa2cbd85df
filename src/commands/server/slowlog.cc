#include "../container_help.h"
#include "larder/engine/command.h"
#include "larder/observe/command_log.h"
#include "log_entries.h"

namespace larder::commands {
namespace {

using namespace engine;
using namespace observe;

constexpr std::int64_t kDefaultCommands = 10;

void slowlog_get(Call& call, CommandLog& log) {
  if (call.size() > 3) {
    return call.reply.error("ERR unknown subcommand or wrong number of arguments for '" +
                            std::string(call.arg(1)) + "'. Try SLOWLOG HELP.");
  }
  const auto count =
      call.size() == 3 ? read_entry_count(call, call.arg(2)) : std::optional(kDefaultCommands);
  if (count) reply_entries(call, log, LogKind::slow, *count);
}

void slowlog_len(Call& call, CommandLog& log) {
  call.reply.integer(static_cast<std::int64_t>(log.size(LogKind::slow)));
}

void slowlog_reset(Call& call, CommandLog& log) {
  log.clear(LogKind::slow);
  call.reply.ok();
}

constexpr std::uint32_t kSlowlogFlags = kAdmin | kLoading | kStale;

}  // namespace

std::span<const engine::Command> server_slowlog() {
  static constexpr Command kCommands[] = {
      {.name = "slowlog",
       .family = Family::server,
       .arity = at_least(2),
       .flags = kContainer,
       .since = "2.2.12",
       .summary = "Commands about the log of slow commands.",
       .complexity = "As its subcommands"},
      {.name = "slowlog get",
       .family = Family::server,
       .arity = at_least(2),
       .flags = kSlowlogFlags,
       .handler = Handler::of<slowlog_get>(),
       .since = "2.2.12",
       .summary = "Shows the newest entries, 10 if no number is given, all for -1: id, unix time, "
                  "microseconds, arguments, address and name of the client.",
       .complexity = "O(N) where N is the number of entries shown",
       .arguments = "count:integer?",
       .tips = "request_policy:all_nodes nondeterministic_output"},
      {.name = "slowlog help",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kLoading | kStale,
       .handler = Handler::of<container_help>(),
       .since = "6.2.0",
       .summary = "Lists these subcommands.",
       .complexity = "O(1)"},
      {.name = "slowlog len",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kSlowlogFlags,
       .handler = Handler::of<slowlog_len>(),
       .since = "2.2.12",
       .summary = "Returns the number of entries of the log.",
       .complexity = "O(1)",
       .tips = "request_policy:all_nodes response_policy:agg_sum nondeterministic_output"},
      {.name = "slowlog reset",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kSlowlogFlags,
       .handler = Handler::of<slowlog_reset>(),
       .since = "2.2.12",
       .summary = "Removes all entries.",
       .complexity = "O(N) where N is the number of entries",
       .tips = "request_policy:all_nodes response_policy:all_succeeded"},
  };
  return kCommands;
}

}  // namespace larder::commands
