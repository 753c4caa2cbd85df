#include "larder/engine/arg_reader.h"
#include "larder/engine/command.h"
#include "range_bounds.h"
#include "sorted_set_tools.h"

namespace larder::commands {
namespace {

using namespace engine;
using types::SortedSet;

void zrem(Call& call) {
  const auto set = call.db.find<SortedSet>(call.key, keyspace::Look::write);
  if (set.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!set) return call.reply.integer(0);
  std::size_t removed = 0;
  {
    keyspace::Edit<SortedSet> edit(call.db, call.key, set.entry(), keyspace::Event::zrem);
    for (std::size_t i = 2; i < call.size() && !edit->empty(); ++i) {
      removed += edit->erase(call.arg(i)) ? 1 : 0;
    }
    edit.count(removed);
  }
  call.reply.integer(static_cast<std::int64_t>(removed));
}

// Removes the ranks that `ranks(set)` returns.
template <typename Ranks>
void remove_range(Call& call, keyspace::Event event, Ranks ranks) {
  const auto set = call.db.find<SortedSet>(call.key, keyspace::Look::write);
  if (set.wrong_type()) return call.reply.error(errors::kWrongType);
  const types::RankRange range = set ? ranks(*set) : types::RankRange{};
  if (range.size() > 0) {
    keyspace::Edit<SortedSet> edit(call.db, call.key, set.entry(), event);
    edit->erase(range);
    edit.count(range.size());
  }
  call.reply.integer(static_cast<std::int64_t>(range.size()));
}

void zremrangebyrank(Call& call) {
  ArgReader reader(call, 2);
  const std::int64_t start = reader.integer();
  const std::int64_t stop = reader.integer();
  if (reader.failed()) return;
  remove_range(call, keyspace::Event::zremrangebyrank,
               [&](const SortedSet& set) { return rank_range(start, stop, set.size(), false); });
}

void zremrangebyscore(Call& call) {
  const auto range = read_score_range(call.arg(2), call.arg(3));
  if (!range) return call.reply.error(kNotAScoreRange);
  remove_range(call, keyspace::Event::zremrangebyscore,
               [&](const SortedSet& set) { return set.ranks(*range); });
}

void zremrangebylex(Call& call) {
  const auto range = read_text_range(call.arg(2), call.arg(3));
  if (!range) return call.reply.error(kNotATextRange);
  remove_range(call, keyspace::Event::zremrangebylex,
               [&](const SortedSet& set) { return set.ranks(*range); });
}

}  // namespace

std::span<const engine::Command> sorted_set_zrem() {
  static constexpr Command kCommands[] = {
      {.name = "zrem",
       .family = Family::sorted_set,
       .arity = at_least(3),
       .flags = kWrites | kFast,
       .keys = {KeySpec::one(1, kRW | kDelete)},
       .handler = Handler::of<zrem>(),
       .since = "1.2.0",
       .summary = "Removes members.",
       .complexity = "O(M*log(N)) for M members",
       .arguments = "key:key#0 member:string*"},
      {.name = "zremrangebyrank",
       .family = Family::sorted_set,
       .arity = exactly(4),
       .flags = kWrites,
       .keys = {KeySpec::one(1, kRW | kDelete)},
       .handler = Handler::of<zremrangebyrank>(),
       .since = "2.0.0",
       .summary = "Removes the members in a range of ranks.",
       .complexity = "O(M*log(N)) for M members removed, O(1) for all of them",
       .arguments = "key:key#0 start:integer stop:integer"},
      {.name = "zremrangebyscore",
       .family = Family::sorted_set,
       .arity = exactly(4),
       .flags = kWrites,
       .keys = {KeySpec::one(1, kRW | kDelete)},
       .handler = Handler::of<zremrangebyscore>(),
       .since = "1.2.0",
       .summary = "Removes the members in a range of scores.",
       .complexity = "O(M*log(N)) for M members removed, O(1) for all of them",
       .arguments = "key:key#0 min:double max:double"},
      {.name = "zremrangebylex",
       .family = Family::sorted_set,
       .arity = exactly(4),
       .flags = kWrites,
       .keys = {KeySpec::one(1, kRW | kDelete)},
       .handler = Handler::of<zremrangebylex>(),
       .since = "2.8.9",
       .summary = "Removes the members in a range of texts, if all have the same score.",
       .complexity = "O(M*log(N)) for M members removed, O(1) for all of them",
       .arguments = "key:key#0 min:string max:string"},
  };
  return kCommands;
}

}  // namespace larder::commands
