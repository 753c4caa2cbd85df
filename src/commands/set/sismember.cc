#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/types/set_batch.h"

namespace larder::commands {
namespace {

using namespace engine;

void sismember(Call& call) {
  const auto set = call.db.find<types::Set>(call.key);
  if (set.wrong_type()) return call.reply.error(errors::kWrongType);
  call.reply.integer(set && set->contains(call.arg(2)) ? 1 : 0);
}

void reply_batch(Call& call, types::MemberBatch& batch, const types::Set& set) {
  const types::MemberMask found = batch.found_in(set, batch.all());
  for (unsigned i = 0; i < batch.size(); ++i) call.reply.integer((found >> i) & 1);
  batch.clear();
}

void smismember(Call& call) {
  const auto found = call.db.find<types::Set>(call.key);
  if (found.wrong_type()) return call.reply.error(errors::kWrongType);
  const auto set = found ? found.value() : types::ReadOnly<types::Set>();
  call.reply.array(call.size() - 2);
  types::MemberBatch batch;
  for (std::size_t i = 2; i < call.size(); ++i) {
    batch.add(types::String(call.arg(i)));
    if (batch.full()) reply_batch(call, batch, *set);
  }
  reply_batch(call, batch, *set);
}

}  // namespace

std::span<const engine::Command> set_sismember() {
  static constexpr Command kCommands[] = {
      {.name = "sismember",
       .family = Family::set,
       .arity = exactly(3),
       .flags = kReads | kFast,
       .keys = {KeySpec::one(1, kRO)},
       .handler = Handler::of<sismember>(),
       .since = "1.0.0",
       .summary = "Returns whether a set has a member.",
       .complexity = "O(1)",
       .arguments = "key:key#0 member:string"},
      {.name = "smismember",
       .family = Family::set,
       .arity = at_least(3),
       .flags = kReads | kFast,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<smismember>(),
       .since = "6.2.0",
       .summary = "Returns for each of several members whether a set has it.",
       .complexity = "O(N) for N members",
       .arguments = "key:key#0 member:string*"},
  };
  return kCommands;
}

}  // namespace larder::commands
