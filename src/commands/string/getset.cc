#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "string_reply.h"

namespace larder::commands {
namespace {

using namespace engine;

void getset(Call& call) {
  const auto value = call.db.find<types::String>(call.key);
  if (value.wrong_type()) return call.reply.error(errors::kWrongType);
  const auto reply = [&] { value ? reply_string(call.reply, *value) : call.reply.null(); };
  if (!call.reply_removed(reply)) return;
  call.db.put(call.key, call.arg(2));
  call.propagate({"SET", call.key.name, call.arg(2)});
}

}  // namespace

std::span<const engine::Command> string_getset() {
  static constexpr Command kCommands[] = {
      {.name = "getset",
       .family = Family::string,
       .arity = exactly(3),
       .flags = kWrites | kGrows | kFast,
       .keys = {KeySpec::one(1, kRW | kAccess | kUpdate)},
       .handler = Handler::of<getset>(),
       .since = "1.0.0",
       .summary = "Stores a string at a key and returns the one it replaces.",
       .complexity = "O(1)",
       .arguments = "key:key#0 value:string",
       .deprecated_since = "6.2.0",
       .replaced_by = "`SET` with `GET`"},
  };
  return kCommands;
}

}  // namespace larder::commands
