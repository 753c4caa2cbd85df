#include "../string/string_reply.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/types/set.h"

namespace larder::commands {
namespace {

using namespace engine;

void smembers(Call& call) {
  const auto set = call.db.find<types::Set>(call.key);
  if (set.wrong_type()) return call.reply.error(errors::kWrongType);
  call.reply.set(set ? set->size() : 0);
  if (!set) return;
  set->for_each([&call](const types::String& member) {
    if (!call.reply.drops()) reply_string(call.reply, member);
  });
}

}  // namespace

std::span<const engine::Command> set_smembers() {
  static constexpr Command kCommands[] = {
      {.name = "smembers",
       .family = Family::set,
       .arity = exactly(2),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<smembers>(),
       .since = "1.0.0",
       .summary = "Returns all members of a set.",
       .complexity = "O(N) for a set of N members",
       .arguments = "key:key#0",
       .tips = "nondeterministic_output_order"},
  };
  return kCommands;
}

}  // namespace larder::commands
