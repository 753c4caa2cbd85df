#include "../room.h"
#include "../string/string_reply.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/types/set_operations.h"
#include "larder/types/settings.h"
#include "operands.h"

namespace larder::commands {
namespace {

using namespace engine;

void sinter(Call& call) {
  Operands operands;
  if (!operands.read(call, 1, call.size() - 1)) return;
  if (operands.any_empty()) return call.reply.set(0);
  const auto items = call.reply.begin_set();
  std::uint64_t count = 0;
  types::intersect(operands.sets(), [&](const types::String& member) {
    ++count;
    reply_string(call.reply, member);
    return !call.reply.drops();
  });
  call.reply.end_set(items, count);
}

// Starts with the encoding of the smallest set: an intersection of integers and texts is usually
// small, so it does not start as a table.
types::Set::Encoding first_encoding(std::span<const types::StoredSet> sets) {
  const auto smallest = std::min_element(
      sets.begin(), sets.end(),
      [](const types::StoredSet& a, const types::StoredSet& b) { return a->size() < b->size(); });
  return (*smallest)->encoding() == types::Set::Encoding::intset ? types::Set::Encoding::intset
                                                                 : types::Set::Encoding::listpack;
}

void sinterstore(Call& call, types::Settings& settings, eviction::Evictor& evictor) {
  Operands operands;
  if (!operands.read(call, 2, call.size() - 2) || !may_make_result(call)) return;
  if (operands.any_empty())
    return store_result(call, types::Set(), keyspace::Event::sinterstore, evictor);
  const auto limits = types::SetLimits::of(settings);
  types::Set result = types::Set::create(first_encoding(operands.sets()));
  types::intersect(operands.sets(), [&](const types::String& member) {
    result.add(member, limits);
    return true;
  });
  result.prefer_intset(limits);
  store_result(call, std::move(result), keyspace::Event::sinterstore, evictor);
}

}  // namespace

std::span<const engine::Command> set_sinter() {
  static constexpr Command kCommands[] = {
      {.name = "sinter",
       .family = Family::set,
       .arity = at_least(2),
       .flags = kReads,
       .keys = {KeySpec::range(1, -1, 1, kRO | kAccess)},
       .handler = Handler::of<sinter>(),
       .since = "1.0.0",
       .summary = "Returns the members that are in all of the sets.",
       .complexity = "O(N*M) for M sets of which the smallest has N members",
       .arguments = "key:key#0*",
       .tips = "nondeterministic_output_order"},
      {.name = "sinterstore",
       .family = Family::set,
       .arity = at_least(3),
       .flags = kWrites | kGrows,
       .keys = {KeySpec::one(1, kRW | kUpdate), KeySpec::range(2, -1, 1, kRO | kAccess)},
       .handler = Handler::of<sinterstore>(),
       .since = "1.0.0",
       .summary = "Stores the members that are in all of the sets.",
       .complexity = "O(N*M) for M sets of which the smallest has N members",
       .arguments = "destination:key#0 key:key#1*"},
  };
  return kCommands;
}

}  // namespace larder::commands
