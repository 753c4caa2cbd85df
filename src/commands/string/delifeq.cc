#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

void delifeq(Call& call) {
  const auto value = call.db.find<types::String>(call.key, keyspace::Look::write);
  if (value.wrong_type()) return call.reply.error(errors::kWrongType);
  types::String::Scratch scratch;
  if (!value || value->text(scratch) != call.arg(2)) return call.reply.integer(0);
  call.db.erase(call.key);
  call.propagate({"DEL", call.key.name});
  call.reply.integer(1);
}

}  // namespace

std::span<const engine::Command> string_delifeq() {
  static constexpr Command kCommands[] = {
      {.name = "delifeq",
       .family = Family::string,
       .arity = exactly(3),
       .flags = kWrites,
       .keys = {KeySpec::one(1, kRM | kAccess | kDelete)},
       .handler = Handler::of<delifeq>(),
       .since = "9.0.0",
       .summary = "Removes a key if the string stored there is the given one.",
       .complexity = "O(1)",
       .arguments = "key:key#0 value:string"},
  };
  return kCommands;
}

}  // namespace larder::commands
