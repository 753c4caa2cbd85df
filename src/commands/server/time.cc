#include "larder/base/clock.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

void time(Call& call, base::Clock& clock) {
  constexpr std::int64_t kSecondUs = 1'000'000;
  call.reply.array(2);
  call.reply.bulk_integer(clock.unix_us() / kSecondUs);
  call.reply.bulk_integer(clock.unix_us() % kSecondUs);
}

}  // namespace

std::span<const engine::Command> server_time() {
  static constexpr Command kCommands[] = {
      {.name = "time",
       .family = Family::server,
       .arity = exactly(1),
       .flags = kLoading | kStale | kFast,
       .handler = Handler::of<time>(),
       .since = "2.6.0",
       .summary = "Returns the server's time: Unix seconds, and microseconds within the second.",
       .complexity = "O(1)",
       .tips = "nondeterministic_output"},
  };
  return kCommands;
}

}  // namespace larder::commands
