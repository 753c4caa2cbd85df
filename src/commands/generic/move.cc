#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/keyspace/keyspace.h"

namespace larder::commands {
namespace {

using namespace engine;

void move(Call& call, keyspace::Keyspace& keyspace) {
  ArgReader args(call, 2);
  const int index = args.small_integer();
  if (args.failed()) return;
  if (index < 0 || static_cast<std::size_t>(index) >= keyspace.databases()) {
    return call.reply.error(errors::kDbOutOfRange);
  }
  keyspace::Database& target = keyspace.db(static_cast<std::size_t>(index));
  if (&target == &call.db) return call.reply.error(errors::kSameObject);

  keyspace::Entry* entry = call.db.look(call.key, keyspace::Look::write);
  if (entry == nullptr || target.look(call.key, keyspace::Look::write) != nullptr) {
    return call.reply.integer(0);
  }
  target.put_moved(call.key, call.db, call.key, entry, keyspace::Event::move_from,
                   keyspace::Event::move_to);
  call.reply.integer(1);
}

}  // namespace

std::span<const engine::Command> generic_move() {
  static constexpr Command kCommands[] = {
      {.name = "move",
       .family = Family::generic,
       .arity = exactly(3),
       .flags = kWrites | kFast,
       .categories = kKeyspace,
       .extends = true,
       .keys = {KeySpec::one(1, kRW | kAccess | kUpdate)},
       .handler = Handler::of<commands::move>(),
       .since = "1.0.0",
       .summary = "Moves a key to another database.",
       .complexity = "O(1)",
       .arguments = "key:key#0 db:integer"},
  };
  return kCommands;
}

}  // namespace larder::commands
