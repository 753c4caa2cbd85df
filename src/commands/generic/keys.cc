#include "larder/base/glob.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/keyspace/keyspace.h"

namespace larder::commands {
namespace {

using namespace engine;

void keys(Call& call, keyspace::Keyspace& keyspace) {
  const std::string_view pattern = call.arg(1);
  const bool all = pattern == "*";
  const base::Glob glob(pattern);
  const std::int64_t now_ms = keyspace.clock().unix_ms();
  std::uint64_t found = 0;
  const auto mark = call.reply.begin_array();
  call.db.scan(0, SIZE_MAX, [&](const keyspace::Entry& entry) {
    if (entry.expired(now_ms) || !(all || glob.matches(entry.key()))) return;
    call.reply.bulk(entry.key());
    ++found;
  });
  call.reply.end_array(mark, found);
}

}  // namespace

std::span<const engine::Command> generic_keys() {
  static constexpr Command kCommands[] = {
      {.name = "keys",
       .family = Family::generic,
       .arity = exactly(2),
       .flags = kReads | kTouchesArbitraryKeys,
       .categories = kKeyspace | kDangerous,
       .handler = Handler::of<keys>(),
       .since = "1.0.0",
       .summary = "Lists all keys whose names match a pattern.",
       .complexity = "O(N) for N keys in the database",
       .arguments = "pattern:pattern",
       .tips = "request_policy:all_shards nondeterministic_output_order"},
  };
  return kCommands;
}

}  // namespace larder::commands
