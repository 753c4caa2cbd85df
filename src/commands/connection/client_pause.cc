#include <algorithm>
#include <limits>

#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/engine/pause.h"

namespace larder::commands {
namespace {

using namespace engine;

void client_pause(Call& call, Pause& pause, base::Clock& clock) {
  if (call.size() > 4) {
    return call.reply.error("ERR unknown subcommand or wrong number of arguments for '" +
                            std::string(call.arg(1)) + "'. Try CLIENT HELP.");
  }
  ArgReader args(call, 3);
  auto extent = Pause::Extent::all;
  if (args.word("WRITE")) {
    extent = Pause::Extent::writes;
  } else if (args.more() && !args.word("ALL")) {
    args.fail("ERR CLIENT PAUSE mode must be WRITE or ALL");
  }
  if (args.failed()) return;
  const auto timeout_ms = base::parse_int64(call.arg(2));
  if (!timeout_ms) return call.reply.error("ERR timeout is not an integer or out of range");
  if (*timeout_ms < 0) return call.reply.error("ERR timeout is negative");
  const std::int64_t now = clock.steady_ms();
  const std::int64_t most = std::numeric_limits<std::int64_t>::max() - now;
  pause.begin(Pause::Purpose::client, extent, now + std::min(*timeout_ms, most));
  call.reply.ok();
}

void client_unpause(Call& call, Pause& pause) {
  pause.end(Pause::Purpose::client);
  call.reply.ok();
}

constexpr std::uint32_t kClientPauseFlags = kAdmin | kNoScript | kLoading | kStale | kWhilePaused;

}  // namespace

std::span<const engine::Command> connection_client_pause() {
  static constexpr Command kCommands[] = {
      {.name = "client pause",
       .family = Family::connection,
       .arity = at_least(3),
       .flags = kClientPauseFlags,
       .handler = Handler::of<client_pause>(),
       .since = "3.0.0",
       .summary = "Postpones commands for a time.",
       .complexity = "O(1)",
       .arguments = "timeout:integer mode:oneof?(write:pure-token@WRITE all:pure-token@ALL)"},
      {.name = "client unpause",
       .family = Family::connection,
       .arity = exactly(2),
       .flags = kClientPauseFlags,
       .handler = Handler::of<client_unpause>(),
       .since = "6.2.0",
       .summary = "Ends CLIENT PAUSE.",
       .complexity = "O(N) Where N is the number of paused clients"},
  };
  return kCommands;
}

}  // namespace larder::commands
