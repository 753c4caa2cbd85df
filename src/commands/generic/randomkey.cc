#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

void randomkey(Call& call) {
  const keyspace::Entry* entry = call.db.random(call.rng());
  if (entry == nullptr) return call.reply.null();
  call.reply.bulk(entry->key());
}

}  // namespace

std::span<const engine::Command> generic_randomkey() {
  static constexpr Command kCommands[] = {
      {.name = "randomkey",
       .family = Family::generic,
       .arity = exactly(1),
       .flags = kReads | kTouchesArbitraryKeys,
       .categories = kKeyspace,
       .handler = Handler::of<randomkey>(),
       .since = "1.0.0",
       .summary = "Returns the name of a random key.",
       .complexity = "O(1)",
       .tips = "request_policy:all_shards response_policy:special nondeterministic_output"},
  };
  return kCommands;
}

}  // namespace larder::commands
