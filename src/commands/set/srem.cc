#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/keyspace/edit.h"
#include "larder/types/set.h"

namespace larder::commands {
namespace {

using namespace engine;

void srem(Call& call) {
  keyspace::Entry* entry = call.db.look(call.key, keyspace::Look::write);
  if (entry == nullptr) return call.reply.integer(0);
  if (entry->type() != types::Type::set) return call.reply.error(errors::kWrongType);
  keyspace::Edit<types::Set> set(call.db, call.key, entry, keyspace::Event::srem);
  std::size_t removed = 0;
  for (std::size_t i = 2; i < call.size() && !set->empty(); ++i) {
    if (set->remove(call.arg(i))) ++removed;
  }
  set.count(removed);
  call.reply.integer(static_cast<std::int64_t>(removed));
}

}  // namespace

std::span<const engine::Command> set_srem() {
  static constexpr Command kCommands[] = {
      {.name = "srem",
       .family = Family::set,
       .arity = at_least(3),
       .flags = kWrites | kFast,
       .keys = {KeySpec::one(1, kRW | kDelete)},
       .handler = Handler::of<srem>(),
       .since = "1.0.0",
       .summary = "Removes members from a set.",
       .complexity = "O(N) for N members",
       .arguments = "key:key#0 member:string*"},
  };
  return kCommands;
}

}  // namespace larder::commands
