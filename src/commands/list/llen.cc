#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/types/list.h"

namespace larder::commands {
namespace {

using namespace engine;

void llen(Call& call) {
  const auto list = call.db.find<types::List>(call.key);
  if (list.wrong_type()) return call.reply.error(errors::kWrongType);
  call.reply.integer(list ? static_cast<std::int64_t>(list->size()) : 0);
}

}  // namespace

std::span<const engine::Command> list_llen() {
  static constexpr Command kCommands[] = {
      {.name = "llen",
       .family = Family::list,
       .arity = exactly(2),
       .flags = kReads | kFast,
       .keys = {KeySpec::one(1, kRO)},
       .handler = Handler::of<llen>(),
       .since = "1.0.0",
       .summary = "Returns the number of elements of a list.",
       .complexity = "O(1)",
       .arguments = "key:key#0"},
  };
  return kCommands;
}

}  // namespace larder::commands
