#include "../staged_keys.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

// Values are freed in steps at the end of the turn in any case, so UNLINK is the same.
void del(Call& call) {
  std::int64_t removed = 0;
  for_each_key(call, 1, 1, [&](const keyspace::Key& key, std::size_t) {
    if (call.db.erase(key)) ++removed;
  });
  call.reply.integer(removed);
}

}  // namespace

std::span<const engine::Command> generic_del() {
  static constexpr Command kCommands[] = {
      {.name = "del",
       .family = Family::generic,
       .arity = at_least(2),
       .flags = kWrites,
       .categories = kKeyspace,
       .keys = {KeySpec::range(1, -1, 1, kRM | kDelete)},
       .handler = Handler::of<del>(),
       .since = "1.0.0",
       .summary = "Removes keys.",
       .complexity = "O(N) for N keys",
       .arguments = "key:key#0*",
       .tips = "request_policy:multi_shard response_policy:agg_sum"},
      {.name = "unlink",
       .family = Family::generic,
       .arity = at_least(2),
       .flags = kWrites | kFast,
       .categories = kKeyspace,
       .keys = {KeySpec::range(1, -1, 1, kRM | kDelete)},
       .handler = Handler::of<del>(),
       .since = "4.0.0",
       .summary = "Removes keys; their memory comes back a little later.",
       .complexity = "O(N) for N keys",
       .arguments = "key:key#0*",
       .tips = "request_policy:multi_shard response_policy:agg_sum"},
  };
  return kCommands;
}

}  // namespace larder::commands
