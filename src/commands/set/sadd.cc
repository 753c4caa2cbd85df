#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/keyspace/edit.h"
#include "larder/types/set.h"
#include "larder/types/settings.h"

namespace larder::commands {
namespace {

using namespace engine;

void sadd(Call& call, types::Settings& settings) {
  keyspace::Entry* entry = call.db.look(call.key, keyspace::Look::write);
  if (entry != nullptr && entry->type() != types::Type::set) {
    return call.reply.error(errors::kWrongType);
  }
  const auto limits = types::SetLimits::of(settings);
  keyspace::Edit<types::Set> set(call.db, call.key, entry, keyspace::Event::sadd);
  set->expect(call.arg(2), call.size() - 2, limits);
  std::size_t added = 0;
  for (std::size_t i = 2; i < call.size(); ++i) {
    if (set->add(call.arg(i), limits)) ++added;
  }
  set.count(added);
  call.reply.integer(static_cast<std::int64_t>(added));
}

}  // namespace

std::span<const engine::Command> set_sadd() {
  static constexpr Command kCommands[] = {
      {.name = "sadd",
       .family = Family::set,
       .arity = at_least(3),
       .flags = kWrites | kGrows | kFast,
       .keys = {KeySpec::one(1, kRW | kInsert)},
       .handler = Handler::of<sadd>(),
       .since = "1.0.0",
       .summary = "Adds members to a set.",
       .complexity = "O(N) for N members",
       .arguments = "key:key#0 member:string*"},
  };
  return kCommands;
}

}  // namespace larder::commands
