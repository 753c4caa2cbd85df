#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "string_reply.h"

namespace larder::commands {
namespace {

using namespace engine;

void get(Call& call) {
  const auto value = call.db.find<types::String>(call.key);
  if (value.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!value) return call.reply.null();
  reply_string(call.reply, *value);
}

}  // namespace

std::span<const engine::Command> string_get() {
  static constexpr Command kCommands[] = {
      {.name = "get",
       .family = Family::string,
       .arity = exactly(2),
       .flags = kReads | kFast,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<get>(),
       .since = "1.0.0",
       .summary = "Returns the string stored at a key.",
       .complexity = "O(1)",
       .arguments = "key:key#0"},
  };
  return kCommands;
}

}  // namespace larder::commands
