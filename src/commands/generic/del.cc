#include "../staged_keys.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/keyspace/settings.h"

namespace larder::commands {
namespace {

using namespace engine;

// Values are always freed in steps at the end of the turn; only the counters of INFO differ.
void remove_keys(Call& call, keyspace::Freeing freeing) {
  std::int64_t removed = 0;
  for_each_key(call, 1, 1, [&](const keyspace::Key& key, std::size_t) {
    if (call.db.erase(key, freeing)) ++removed;
  });
  call.reply.integer(removed);
}

void del(Call& call, keyspace::Settings& settings) {
  const bool lazily = settings.lazyfree_lazy_user_del.value();
  remove_keys(call, lazily ? keyspace::Freeing::lazily : keyspace::Freeing::plainly);
}

void unlink(Call& call) { remove_keys(call, keyspace::Freeing::lazily); }

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
       .handler = Handler::of<commands::unlink>(),
       .since = "4.0.0",
       .summary = "Removes keys; their memory is freed later in steps.",
       .complexity = "O(N) for N keys",
       .arguments = "key:key#0*",
       .tips = "request_policy:multi_shard response_policy:agg_sum"},
  };
  return kCommands;
}

}  // namespace larder::commands
