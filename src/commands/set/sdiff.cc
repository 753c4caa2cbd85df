#include "../room.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/types/set_operations.h"
#include "larder/types/settings.h"
#include "operands.h"

namespace larder::commands {
namespace {

using namespace engine;

void sdiff(Call& call, types::Settings& settings, keyspace::Settings& keys) {
  Operands operands;
  if (!operands.read(call, 1, call.size() - 1)) return;
  CollectedReply reply(call, types::SetLimits::of(settings));
  types::subtract(operands.sets(), [&reply](const types::String& member) { reply.add(member); });
  reply.end(keys);
}

void sdiffstore(Call& call, types::Settings& settings, eviction::Evictor& evictor) {
  Operands operands;
  if (!operands.read(call, 2, call.size() - 2) || !may_make_result(call)) return;
  const auto limits = types::SetLimits::of(settings);
  types::Set result = types::Set::create(types::Set::Encoding::intset);
  types::subtract(operands.sets(),
                  [&](const types::String& member) { result.add(member, limits); });
  store_result(call, std::move(result), keyspace::Event::sdiffstore, evictor);
}

}  // namespace

std::span<const engine::Command> set_sdiff() {
  static constexpr Command kCommands[] = {
      {.name = "sdiff",
       .family = Family::set,
       .arity = at_least(2),
       .flags = kReads,
       .keys = {KeySpec::range(1, -1, 1, kRO | kAccess)},
       .handler = Handler::of<sdiff>(),
       .since = "1.0.0",
       .summary = "Returns the members of the first set that are in none of the others.",
       .complexity = "O(N) for N members in all sets",
       .arguments = "key:key#0*",
       .tips = "nondeterministic_output_order"},
      {.name = "sdiffstore",
       .family = Family::set,
       .arity = at_least(3),
       .flags = kWrites | kGrows,
       .keys = {KeySpec::one(1, kOW | kUpdate), KeySpec::range(2, -1, 1, kRO | kAccess)},
       .handler = Handler::of<sdiffstore>(),
       .since = "1.0.0",
       .summary = "Stores the members of the first set that are in none of the others.",
       .complexity = "O(N) for N members in all sets",
       .arguments = "destination:key#0 key:key#1*"},
  };
  return kCommands;
}

}  // namespace larder::commands
