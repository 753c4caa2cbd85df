#include "larder/types/type.h"

#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

void type(Call& call) {
  const keyspace::Entry* entry = call.db.look(call.key, keyspace::Look::untouched);
  call.reply.simple(entry == nullptr ? std::string_view("none") : types::row(entry->type()).name);
}

}  // namespace

std::span<const engine::Command> generic_type() {
  static constexpr Command kCommands[] = {
      {.name = "type",
       .family = Family::generic,
       .arity = exactly(2),
       .flags = kReads | kFast,
       .categories = kKeyspace,
       .keys = {KeySpec::one(1, kRO)},
       .handler = Handler::of<type>(),
       .since = "1.0.0",
       .summary = "Returns the type of the value stored at a key.",
       .complexity = "O(1)",
       .arguments = "key:key#0"},
  };
  return kCommands;
}

}  // namespace larder::commands
