#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/types/set.h"

namespace larder::commands {
namespace {

using namespace engine;

void scard(Call& call) {
  const auto set = call.db.find<types::Set>(call.key);
  if (set.wrong_type()) return call.reply.error(errors::kWrongType);
  call.reply.integer(set ? static_cast<std::int64_t>(set->size()) : 0);
}

}  // namespace

std::span<const engine::Command> set_scard() {
  static constexpr Command kCommands[] = {
      {.name = "scard",
       .family = Family::set,
       .arity = exactly(2),
       .flags = kReads | kFast,
       .keys = {KeySpec::one(1, kRO)},
       .handler = Handler::of<scard>(),
       .since = "1.0.0",
       .summary = "Returns the number of members of a set.",
       .complexity = "O(1)",
       .arguments = "key:key#0"},
  };
  return kCommands;
}

}  // namespace larder::commands
