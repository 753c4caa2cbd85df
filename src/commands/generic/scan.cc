#include <vector>

#include "../scan_arguments.h"
#include "larder/base/text.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/keyspace/keyspace.h"

namespace larder::commands {
namespace {

using namespace engine;

bool admits(const ScanOptions& options, const keyspace::Entry& entry, std::int64_t now_ms) {
  return !entry.expired(now_ms) && options.admits(entry.key()) &&
         (!options.type ||
          base::equals_ignoring_case(*options.type, types::row(entry.type()).name));
}

void scan(Call& call, keyspace::Keyspace& keyspace) {
  const auto cursor = read_scan_cursor(call, 1);
  if (!cursor) return;
  const auto options = read_scan_options(call, 2, kScanType);
  if (!options) return;

  // The new cursor stands before the keys, so these wait until it is known.
  std::vector<const keyspace::Entry*,
              memory::Allocator<const keyspace::Entry*, memory::Owner::runtime>>
      found;
  const std::int64_t now_ms = keyspace.clock().unix_ms();
  const std::uint64_t next =
      call.db.scan(*cursor, options->count, [&](const keyspace::Entry& entry) {
        if (admits(*options, entry, now_ms)) found.push_back(&entry);
      });
  reply_scan_cursor(call, next);
  call.reply.array(found.size());
  for (const keyspace::Entry* entry : found) {
    if (call.reply.drops()) return;
    call.reply.bulk(entry->key());
  }
}

}  // namespace

std::span<const engine::Command> generic_scan() {
  static constexpr Command kCommands[] = {
      {.name = "scan",
       .family = Family::generic,
       .arity = at_least(2),
       .flags = kReads | kTouchesArbitraryKeys,
       .categories = kKeyspace,
       .handler = Handler::of<scan>(),
       .since = "2.8.0",
       .summary = "Lists the keys of the database a few at a time.",
       .complexity = "O(1) for a call, O(N) for a walk over all N keys",
       .arguments = "cursor:integer pattern:pattern@MATCH? count:integer@COUNT? type:string@TYPE?",
       .tips = "nondeterministic_output request_policy:special response_policy:special"},
  };
  return kCommands;
}

}  // namespace larder::commands
