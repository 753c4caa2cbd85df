#include "../staged_keys.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

void count(Call& call, keyspace::Look how) {
  std::int64_t found = 0;
  for_each_key(call, 1, 1, [&](const keyspace::Key& key, std::size_t) {
    if (call.db.look(key, how) != nullptr) ++found;
  });
  call.reply.integer(found);
}

void exists(Call& call) { count(call, keyspace::Look::untouched); }

void touch(Call& call) { count(call, keyspace::Look::read); }

}  // namespace

std::span<const engine::Command> generic_exists() {
  static constexpr Command kCommands[] = {
      {.name = "exists",
       .family = Family::generic,
       .arity = at_least(2),
       .flags = kReads | kFast,
       .categories = kKeyspace,
       .keys = {KeySpec::range(1, -1, 1, kRO)},
       .handler = Handler::of<exists>(),
       .since = "1.0.0",
       .summary = "Counts how many of the given keys exist.",
       .complexity = "O(N) for N keys",
       .arguments = "key:key#0*",
       .tips = "request_policy:multi_shard response_policy:agg_sum"},
      {.name = "touch",
       .family = Family::generic,
       .arity = at_least(2),
       .flags = kReads | kFast | kAlwaysTouches,
       .categories = kKeyspace,
       .keys = {KeySpec::range(1, -1, 1, kRO)},
       .handler = Handler::of<touch>(),
       .since = "3.2.1",
       .summary = "Marks keys as just used and counts those that exist.",
       .complexity = "O(N) for N keys",
       .arguments = "key:key#0*",
       .tips = "request_policy:multi_shard response_policy:agg_sum"},
  };
  return kCommands;
}

}  // namespace larder::commands
