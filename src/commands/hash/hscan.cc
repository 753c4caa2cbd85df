#include <utility>
#include <vector>

#include "../scan_arguments.h"
#include "../string/string_reply.h"
#include "larder/engine/command.h"
#include "open_hash.h"

namespace larder::commands {
namespace {

using namespace engine;

using Fields =
    std::vector<std::pair<types::String, types::String>,
                memory::Allocator<std::pair<types::String, types::String>, memory::Owner::runtime>>;

// The new cursor precedes the fields in the reply, so views of the fields are stored until it is
// known.
std::uint64_t collect(const types::Hash& hash, std::uint64_t cursor, const ScanOptions& options,
                      std::int64_t now_ms, Fields& fields) {
  return hash.scan(cursor, options.count, now_ms,
                   [&](const types::String& name, const types::String& value) {
                     types::String::Scratch digits;
                     if (options.admits(name.text(digits))) fields.emplace_back(name, value);
                   });
}

void hscan(Call& call) {
  const auto cursor = read_scan_cursor(call, 2);
  if (!cursor) return;
  const auto hash = find_hash(call);
  if (hash.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!hash) return reply_empty_scan(call);
  const auto options = read_scan_options(call, 3, kScanNoValues);
  if (!options) return;
  Fields fields;
  reply_scan_cursor(call, collect(*hash, *cursor, *options, call.expired_until_ms(), fields));
  call.reply.array(fields.size() * (options->values ? 2 : 1));
  for (const auto& [name, value] : fields) {
    if (call.reply.drops()) return;
    reply_string(call.reply, name);
    if (options->values) reply_string(call.reply, value);
  }
}

}  // namespace

std::span<const engine::Command> hash_hscan() {
  static constexpr Command kCommands[] = {
      {.name = "hscan",
       .family = Family::hash,
       .arity = at_least(3),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<hscan>(),
       .since = "2.8.0",
       .summary = "Lists the fields of a hash a few at a time.",
       .complexity = "O(1) for a call, O(N) for a walk over all N fields",
       .arguments = "key:key#0 cursor:integer pattern:pattern@MATCH? count:integer@COUNT? "
                    "novalues:pure-token@NOVALUES?",
       .tips = "nondeterministic_output"},
  };
  return kCommands;
}

}  // namespace larder::commands
