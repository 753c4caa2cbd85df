#include <vector>

#include "../scan_arguments.h"
#include "larder/base/text.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

using Entries = std::vector<const keyspace::Entry*,
                            memory::Allocator<const keyspace::Entry*, memory::Owner::runtime>>;

bool has_type(const keyspace::Entry& entry, const ScanOptions& options) {
  return !options.type || base::equals_ignoring_case(*options.type, types::row(entry.type()).name);
}

// For keys of any type, as a lookup does.
void remove_expired(Call& call, const Entries& expired) {
  if (expired.empty() || call.db.defers_removals()) return;
  for (const keyspace::Entry* entry : expired) {
    call.db.look(keyspace::Key::of(entry->key()), keyspace::Look::write);
  }
}

void scan(Call& call) {
  const auto cursor = read_scan_cursor(call, 1);
  if (!cursor) return;
  const auto options = read_scan_options(call, 2, kScanType);
  if (!options) return;

  // The new cursor precedes the keys in the reply, so the keys are stored until it is known.
  Entries found;
  Entries expired;
  const std::int64_t now_ms = call.now_ms();
  const std::uint64_t next =
      call.db.scan(*cursor, options->count, [&](const keyspace::Entry& entry) {
        if (!options->admits(entry.key())) return;
        if (entry.expired(now_ms)) return expired.push_back(&entry);
        if (has_type(entry, *options)) found.push_back(&entry);
      });
  remove_expired(call, expired);
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
