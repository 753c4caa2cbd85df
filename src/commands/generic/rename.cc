#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

enum class Target : std::uint8_t { may_exist, must_be_new };

// False when there is no such key, or its name is taken already; answers only the former.
bool move_value(Call& call, Target target, bool& moved) {
  keyspace::Entry* entry = call.db.look(call.key, keyspace::Look::write);
  if (entry == nullptr) {
    call.reply.error(errors::kNoSuchKey);
    return false;
  }
  const auto to = keyspace::Key::of(call.arg(2));
  if (to.name == call.key.name) {
    moved = target == Target::may_exist;
    return true;
  }
  moved = call.db.look(to, keyspace::Look::write) == nullptr || target == Target::may_exist;
  if (moved) {
    call.db.put_moved(to, call.db, call.key, entry, keyspace::Event::rename_from,
                      keyspace::Event::rename_to);
  }
  return true;
}

void rename(Call& call) {
  bool moved = false;
  if (move_value(call, Target::may_exist, moved)) call.reply.ok();
}

void renamenx(Call& call) {
  bool moved = false;
  if (move_value(call, Target::must_be_new, moved)) call.reply.integer(moved ? 1 : 0);
}

}  // namespace

std::span<const engine::Command> generic_rename() {
  static constexpr Command kCommands[] = {
      {.name = "rename",
       .family = Family::generic,
       .arity = exactly(3),
       .flags = kWrites,
       .categories = kKeyspace,
       .extends = true,
       .keys = {KeySpec::one(1, kRW | kAccess | kDelete), KeySpec::one(2, kOW | kUpdate)},
       .handler = Handler::of<commands::rename>(),
       .since = "1.0.0",
       .summary = "Renames a key, and overwrites a key that has the new name.",
       .complexity = "O(1)",
       .arguments = "key:key#0 newkey:key#1"},
      {.name = "renamenx",
       .family = Family::generic,
       .arity = exactly(3),
       .flags = kWrites | kFast,
       .categories = kKeyspace,
       .extends = true,
       .keys = {KeySpec::one(1, kRW | kAccess | kDelete), KeySpec::one(2, kOW | kInsert)},
       .handler = Handler::of<renamenx>(),
       .since = "1.0.0",
       .summary = "Renames a key if no key has the new name.",
       .complexity = "O(1)",
       .arguments = "key:key#0 newkey:key#1"},
  };
  return kCommands;
}

}  // namespace larder::commands
