#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

void persist(Call& call) {
  keyspace::Entry* entry = call.db.look(call.key, keyspace::Look::write);
  if (entry == nullptr || !entry->has_deadline()) return call.reply.integer(0);
  call.db.persist(call.key, entry);
  call.reply.integer(1);
}

}  // namespace

std::span<const engine::Command> generic_persist() {
  static constexpr Command kCommands[] = {
      {.name = "persist",
       .family = Family::generic,
       .arity = exactly(2),
       .flags = kWrites | kFast,
       .categories = kKeyspace,
       .keys = {KeySpec::one(1, kRW | kUpdate)},
       .handler = Handler::of<persist>(),
       .since = "2.2.0",
       .summary = "Removes the deadline of a key.",
       .complexity = "O(1)",
       .arguments = "key:key#0"},
  };
  return kCommands;
}

}  // namespace larder::commands
