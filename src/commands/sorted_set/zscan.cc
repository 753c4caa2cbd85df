#include <utility>
#include <vector>

#include "../scan_arguments.h"
#include "larder/base/numbers.h"
#include "larder/engine/command.h"
#include "sorted_set_tools.h"

namespace larder::commands {
namespace {

using namespace engine;

using Item = std::pair<types::String, double>;
using Items = std::vector<Item, memory::Allocator<Item, memory::Owner::runtime>>;

void zscan(Call& call) {
  const auto cursor = read_scan_cursor(call, 2);
  if (!cursor) return;
  const auto set = call.db.find<types::SortedSet>(call.key);
  if (set.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!set) return reply_empty_scan(call);
  const auto options = read_scan_options(call, 3, kScanOnlyCommon);
  if (!options) return;

  // The new cursor precedes the members in the reply, so views of the members are stored until it
  // is known.
  Items found;
  const auto keep = [&](const types::String& member, double score) {
    types::String::Scratch scratch;
    if (options->admits(member.text(scratch))) found.emplace_back(member, score);
  };
  reply_scan_cursor(call, set->scan(*cursor, options->count, keep));
  call.reply.array(found.size() * 2);
  char digits[base::kDoubleChars];
  for (const auto& [member, score] : found) {
    if (call.reply.drops()) return;
    reply_string(call.reply, member);
    call.reply.bulk(base::print_double(score, digits));
  }
}

}  // namespace

std::span<const engine::Command> sorted_set_zscan() {
  static constexpr Command kCommands[] = {
      {.name = "zscan",
       .family = Family::sorted_set,
       .arity = at_least(3),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<zscan>(),
       .since = "2.8.0",
       .summary = "Lists the members with their scores a few at a time.",
       .complexity = "O(1) for a call, O(N) for a walk over all N members",
       .arguments = "key:key#0 cursor:integer pattern:pattern@MATCH? count:integer@COUNT?",
       .tips = "nondeterministic_output"},
  };
  return kCommands;
}

}  // namespace larder::commands
