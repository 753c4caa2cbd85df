#include "larder/engine/command.h"
#include "sorted_set_tools.h"

namespace larder::commands {
namespace {

using namespace engine;

void zcard(Call& call) {
  const auto set = call.db.find<types::SortedSet>(call.key);
  if (set.wrong_type()) return call.reply.error(errors::kWrongType);
  call.reply.integer(set ? static_cast<std::int64_t>(set->size()) : 0);
}

void reply_score(resp::Writer& reply, std::optional<double> score) {
  score ? reply.real(*score) : reply.null();
}

void zscore(Call& call) {
  const auto set = call.db.find<types::SortedSet>(call.key);
  if (set.wrong_type()) return call.reply.error(errors::kWrongType);
  reply_score(call.reply, set ? set->score(call.arg(2)) : std::nullopt);
}

void zmscore(Call& call) {
  const auto set = call.db.find<types::SortedSet>(call.key);
  if (set.wrong_type()) return call.reply.error(errors::kWrongType);
  call.reply.array(call.size() - 2);
  for (std::size_t i = 2; i < call.size(); ++i) {
    reply_score(call.reply, set ? set->score(call.arg(i)) : std::nullopt);
  }
}

}  // namespace

std::span<const engine::Command> sorted_set_zscore() {
  static constexpr Command kCommands[] = {
      {.name = "zcard",
       .family = Family::sorted_set,
       .arity = exactly(2),
       .flags = kReads | kFast,
       .keys = {KeySpec::one(1, kRO)},
       .handler = Handler::of<zcard>(),
       .since = "1.2.0",
       .summary = "Returns the number of members of a sorted set.",
       .complexity = "O(1)",
       .arguments = "key:key#0"},
      {.name = "zscore",
       .family = Family::sorted_set,
       .arity = exactly(3),
       .flags = kReads | kFast,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<zscore>(),
       .since = "1.2.0",
       .summary = "Returns the score of a member.",
       .complexity = "O(1)",
       .arguments = "key:key#0 member:string"},
      {.name = "zmscore",
       .family = Family::sorted_set,
       .arity = at_least(3),
       .flags = kReads | kFast,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<zmscore>(),
       .since = "6.2.0",
       .summary = "Returns the scores of several members.",
       .complexity = "O(N) for N members",
       .arguments = "key:key#0 member:string*"},
  };
  return kCommands;
}

}  // namespace larder::commands
