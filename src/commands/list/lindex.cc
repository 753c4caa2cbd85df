#include "../string/string_reply.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/command.h"
#include "larder/types/list.h"

namespace larder::commands {
namespace {

using namespace engine;

void lindex(Call& call) {
  const auto list = call.db.find<types::List>(call.key);
  if (list.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!list) return call.reply.null();
  ArgReader args(call, 2);
  const std::int64_t index = args.integer();
  if (args.failed()) return;
  const auto element = list->at(index);
  if (element.done()) return call.reply.null();
  reply_string(call.reply, element.get());
}

}  // namespace

std::span<const engine::Command> list_lindex() {
  static constexpr Command kCommands[] = {
      {.name = "lindex",
       .family = Family::list,
       .arity = exactly(3),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<lindex>(),
       .since = "1.0.0",
       .summary = "Returns the element of a list with this index.",
       .complexity = "O(N) for N nodes to the nearer end of the list",
       .arguments = "key:key#0 index:integer"},
  };
  return kCommands;
}

}  // namespace larder::commands
