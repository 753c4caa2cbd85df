#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/persistence/metrics.h"

namespace larder::commands {
namespace {

using namespace engine;

void lastsave(Call& call, persistence::Metrics& metrics) {
  call.reply.integer(metrics.rdb_last_save_time.value());
}

}  // namespace

std::span<const engine::Command> server_lastsave() {
  static constexpr Command kCommands[] = {
      {.name = "lastsave",
       .family = Family::server,
       .arity = exactly(1),
       .flags = kLoading | kStale | kFast,
       .categories = kAdministers,
       .handler = Handler::of<lastsave>(),
       .since = "1.0.0",
       .summary = "Returns the Unix time of the last snapshot; the start counts as one.",
       .complexity = "O(1)",
       .tips = "nondeterministic_output"},
  };
  return kCommands;
}

}  // namespace larder::commands
