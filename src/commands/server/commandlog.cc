#include "../container_help.h"
#include "larder/base/text.h"
#include "larder/engine/command.h"
#include "larder/observe/command_log.h"
#include "log_entries.h"

namespace larder::commands {
namespace {

using namespace engine;
using namespace observe;

// Nothing if an error has been sent.
std::optional<LogKind> read_kind(Call& call, std::string_view text) {
  if (base::equals_ignoring_case(text, "slow")) return LogKind::slow;
  if (base::equals_ignoring_case(text, "large-request")) return LogKind::large_request;
  if (base::equals_ignoring_case(text, "large-reply")) return LogKind::large_reply;
  call.reply.error("ERR type should be one of the following: slow, large-request, large-reply");
  return std::nullopt;
}

void commandlog_get(Call& call, CommandLog& log) {
  const auto count = read_entry_count(call, call.arg(2));
  if (!count) return;
  const auto kind = read_kind(call, call.arg(3));
  if (kind) reply_entries(call, log, *kind, *count);
}

void commandlog_len(Call& call, CommandLog& log) {
  const auto kind = read_kind(call, call.arg(2));
  if (kind) call.reply.integer(static_cast<std::int64_t>(log.size(*kind)));
}

void commandlog_reset(Call& call, CommandLog& log) {
  const auto kind = read_kind(call, call.arg(2));
  if (!kind) return;
  log.clear(*kind);
  call.reply.ok();
}

constexpr std::uint32_t kCommandlogFlags = kAdmin | kLoading | kStale;
constexpr std::string_view kCountAndKind =
    "count:integer type:oneof(slow:pure-token@SLOW large-request:pure-token@LARGE-REQUEST "
    "large-reply:pure-token@LARGE-REPLY)";
constexpr std::string_view kKind = kCountAndKind.substr(kCountAndKind.find("type:"));

}  // namespace

std::span<const engine::Command> server_commandlog() {
  static constexpr Command kCommands[] = {
      {.name = "commandlog",
       .family = Family::server,
       .arity = at_least(2),
       .flags = kContainer,
       .since = "8.1.0",
       .summary = "Commands about the logs of slow and large commands.",
       .complexity = "As its subcommands"},
      {.name = "commandlog get",
       .family = Family::server,
       .arity = exactly(4),
       .flags = kCommandlogFlags,
       .handler = Handler::of<commandlog_get>(),
       .since = "8.1.0",
       .summary = "Shows the newest entries of a log, all for -1: id, unix time, microseconds or "
                  "bytes, arguments, address and name of the client.",
       .complexity = "O(N) where N is the number of entries shown",
       .arguments = kCountAndKind,
       .tips = "request_policy:all_nodes nondeterministic_output"},
      {.name = "commandlog help",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kLoading | kStale,
       .handler = Handler::of<container_help>(),
       .since = "8.1.0",
       .summary = "Lists these subcommands.",
       .complexity = "O(1)"},
      {.name = "commandlog len",
       .family = Family::server,
       .arity = exactly(3),
       .flags = kCommandlogFlags,
       .handler = Handler::of<commandlog_len>(),
       .since = "8.1.0",
       .summary = "Returns the number of entries of a log.",
       .complexity = "O(1)",
       .arguments = kKind,
       .tips = "request_policy:all_nodes response_policy:agg_sum nondeterministic_output"},
      {.name = "commandlog reset",
       .family = Family::server,
       .arity = exactly(3),
       .flags = kCommandlogFlags,
       .handler = Handler::of<commandlog_reset>(),
       .since = "8.1.0",
       .summary = "Forgets all entries of a log.",
       .complexity = "O(N) where N is the number of entries",
       .arguments = kKind,
       .tips = "request_policy:all_nodes response_policy:all_succeeded"},
  };
  return kCommands;
}

}  // namespace larder::commands
