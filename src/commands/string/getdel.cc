#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "string_reply.h"

namespace larder::commands {
namespace {

using namespace engine;

void getdel(Call& call) {
  const auto value = call.db.find<types::String>(call.key);
  if (value.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!value) return call.reply.null();
  if (!call.reply_removed([&] { reply_string(call.reply, *value); })) return;
  call.db.erase(call.key);
  call.propagate({"DEL", call.key.name});
}

}  // namespace

std::span<const engine::Command> string_getdel() {
  static constexpr Command kCommands[] = {
      {.name = "getdel",
       .family = Family::string,
       .arity = exactly(2),
       .flags = kWrites | kFast,
       .keys = {KeySpec::one(1, kRW | kAccess | kDelete)},
       .handler = Handler::of<getdel>(),
       .since = "6.2.0",
       .summary = "Returns the string stored at a key and removes the key.",
       .complexity = "O(1)",
       .arguments = "key:key#0"},
  };
  return kCommands;
}

}  // namespace larder::commands
