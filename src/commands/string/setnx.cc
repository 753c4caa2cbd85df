#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

void setnx(Call& call) {
  if (call.db.look(call.key, keyspace::Look::write) != nullptr) return call.reply.integer(0);
  call.db.put(call.key, call.arg(2));
  call.reply.integer(1);
}

}  // namespace

std::span<const engine::Command> string_setnx() {
  static constexpr Command kCommands[] = {
      {.name = "setnx",
       .family = Family::string,
       .arity = exactly(3),
       .flags = kWrites | kGrows | kFast,
       .keys = {KeySpec::one(1, kOW | kInsert)},
       .handler = Handler::of<setnx>(),
       .since = "1.0.0",
       .summary = "Stores a string at a key if the key does not exist.",
       .complexity = "O(1)",
       .arguments = "key:key#0 value:string",
       .deprecated_since = "2.6.12",
       .replaced_by = "`SET` with `NX`"},
  };
  return kCommands;
}

}  // namespace larder::commands
