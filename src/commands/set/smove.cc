#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/keyspace/edit.h"
#include "larder/types/set.h"
#include "larder/types/settings.h"

namespace larder::commands {
namespace {

using namespace engine;

bool is_set(const keyspace::Entry* entry) {
  return entry == nullptr || entry->type() == types::Type::set;
}

// False when the member was not there.
bool take(Call& call, keyspace::Entry* source) {
  keyspace::Edit<types::Set> set(call.db, call.key, source, keyspace::Event::srem);
  const bool removed = set->remove(call.arg(3));
  if (!removed) set.discard();
  return removed;
}

void give(Call& call, const keyspace::Key& key, const types::SetLimits& limits) {
  keyspace::Entry* target = call.db.look(key, keyspace::Look::write);
  keyspace::Edit<types::Set> set(call.db, key, target, keyspace::Event::sadd);
  if (!set->add(call.arg(3), limits)) set.discard();
}

void smove(Call& call, types::Settings& settings) {
  const auto target_key = keyspace::Key::of(call.arg(2));
  keyspace::Entry* source = call.db.look(call.key, keyspace::Look::write);
  const keyspace::Entry* target = call.db.look(target_key, keyspace::Look::write);
  if (source == nullptr) return call.reply.integer(0);
  if (!is_set(source) || !is_set(target)) return call.reply.error(errors::kWrongType);
  if (source == target) {
    return call.reply.integer(source->value<types::Set>()->contains(call.arg(3)) ? 1 : 0);
  }
  const bool moved = take(call, source);
  if (moved) give(call, target_key, types::SetLimits::of(settings));
  call.reply.integer(moved ? 1 : 0);
}

}  // namespace

std::span<const engine::Command> set_smove() {
  static constexpr Command kCommands[] = {
      {.name = "smove",
       .family = Family::set,
       .arity = exactly(4),
       .flags = kWrites | kFast,
       .extends = true,
       .keys = {KeySpec::one(1, kRW | kAccess | kDelete), KeySpec::one(2, kRW | kInsert)},
       .handler = Handler::of<smove>(),
       .since = "1.0.0",
       .summary = "Moves a member from one set to another.",
       .complexity = "O(1)",
       .arguments = "source:key#0 destination:key#1 member:string"},
  };
  return kCommands;
}

}  // namespace larder::commands
