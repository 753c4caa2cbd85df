#include "../scan_arguments.h"
#include "../string/string_reply.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/types/set.h"

namespace larder::commands {
namespace {

using namespace engine;

bool admits(const ScanOptions& options, const types::String& member) {
  types::String::Scratch scratch;
  return options.admits(member.text(scratch));
}

void sscan(Call& call) {
  const auto cursor = read_scan_cursor(call, 2);
  if (!cursor) return;
  const auto set = call.db.find<types::Set>(call.key);
  if (set.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!set) return reply_empty_scan(call);
  const auto options = read_scan_options(call, 3, kScanOnlyCommon);
  if (!options) return;

  // The new cursor precedes the members in the reply, so it is computed first.
  const std::uint64_t next =
      set->table() == nullptr ? 0 : set->scan(*cursor, options->count, [](const types::String&) {});
  reply_scan_cursor(call, next);
  const auto items = call.reply.begin_array();
  std::uint64_t shown = 0;
  set->scan(*cursor, options->count, [&](const types::String& member) {
    if (call.reply.drops() || !admits(*options, member)) return;
    ++shown;
    reply_string(call.reply, member);
  });
  call.reply.end_array(items, shown);
}

}  // namespace

std::span<const engine::Command> set_sscan() {
  static constexpr Command kCommands[] = {
      {.name = "sscan",
       .family = Family::set,
       .arity = at_least(3),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<sscan>(),
       .since = "2.8.0",
       .summary = "Lists the members of a set a few at a time.",
       .complexity = "O(1) for a call, O(N) for a walk over all N members",
       .arguments = "key:key#0 cursor:integer pattern:pattern@MATCH? count:integer@COUNT?",
       .tips = "nondeterministic_output"},
  };
  return kCommands;
}

}  // namespace larder::commands
