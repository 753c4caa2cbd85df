#include <algorithm>
#include <vector>

#include "../item_bytes.h"
#include "larder/base/text.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/command.h"
#include "sorted_set_tools.h"

namespace larder::commands {
namespace {

using namespace engine;
using types::SortedSet;

// If the set has more than this many times the requested members, single draws are faster than a
// walk.
constexpr std::size_t kSparse = 3;

void reply_at(resp::Writer& reply, const SortedSet::Cursor& at, Show show) {
  reply_item(reply, at.member(), at.score(), show);
}

void repeat(Call& call, const keyspace::Found<SortedSet>& set, base::Rng& rng, std::uint64_t count,
            Show show) {
  begin_items(call.reply, count, show);
  call.reply.expect_items(count, least_item_bytes(set));
  for (; count > 0 && !call.reply.drops(); --count)
    reply_at(call.reply, set->at(rng.below(set->size())), show);
}

// Visits every member and takes each with the probability that gives all members equal chances.
void sample_walking(Call& call, const SortedSet& set, base::Rng& rng, std::size_t count,
                    Show show) {
  std::size_t left = set.size();
  for (auto at = set.at(0); count > 0 && !call.reply.drops(); at.next(), --left) {
    if (rng.below(left) >= count) continue;
    reply_at(call.reply, at, show);
    --count;
  }
}

// Draws ranks until there are enough different ones.
void sample_drawing(Call& call, const SortedSet& set, base::Rng& rng, std::size_t count,
                    Show show) {
  std::vector<std::uint64_t, memory::Allocator<std::uint64_t, memory::Owner::runtime>> ranks;
  ranks.reserve(count);
  while (ranks.size() < count) {
    while (ranks.size() < count) ranks.push_back(rng.below(set.size()));
    std::sort(ranks.begin(), ranks.end());
    ranks.erase(std::unique(ranks.begin(), ranks.end()), ranks.end());
  }
  for (const std::uint64_t rank : ranks) {
    if (call.reply.drops()) return;
    reply_at(call.reply, set.at(rank), show);
  }
}

void sample(Call& call, const SortedSet& set, base::Rng& rng, std::size_t count, Show show) {
  count = std::min(count, set.size());
  begin_items(call.reply, count, show);
  if (count * kSparse < set.size()) return sample_drawing(call, set, rng, count, show);
  sample_walking(call, set, rng, count, show);
}

void one(Call& call, base::Rng& rng) {
  const auto set = call.db.find<SortedSet>(call.key);
  if (set.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!set) return call.reply.null();
  reply_string(call.reply, set->at(rng.below(set->size())).member());
}

void several(Call& call, base::Rng& rng) {
  ArgReader reader(call, 2);
  const std::int64_t count = reader.integer();
  if (count == INT64_MIN) {
    reader.fail(
        "ERR value is out of range, value must between -9223372036854775807 and "
        "9223372036854775807");
  }
  if (reader.failed()) return;
  const bool with_scores = call.size() > 3;
  if (with_scores) {
    if (call.size() > 4 || !reader.word("WITHSCORES")) return call.reply.error(errors::kSyntax);
    if (count < -INT64_MAX / 2 || count > INT64_MAX / 2) {
      return call.reply.error("ERR value is out of range");
    }
  }
  const auto set = call.db.find<SortedSet>(call.key);
  if (set.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!set) return call.reply.array(0);
  const Show show = with_scores ? Show::scores : Show::members;
  if (count < 0) return repeat(call, set, rng, static_cast<std::uint64_t>(-count), show);
  sample(call, *set, rng, static_cast<std::size_t>(count), show);
}

void zrandmember(Call& call) {
  call.size() == 2 ? one(call, call.rng()) : several(call, call.rng());
}

}  // namespace

std::span<const engine::Command> sorted_set_zrandmember() {
  static constexpr Command kCommands[] = {
      {.name = "zrandmember",
       .family = Family::sorted_set,
       .arity = at_least(2),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<zrandmember>(),
       .since = "6.2.0",
       .summary = "Returns random members.",
       .complexity = "O(M*log(N)) for M members returned, O(N) for a large part of them",
       .arguments = "key:key#0 options:block?(count:integer withscores:pure-token@WITHSCORES?)",
       .tips = "nondeterministic_output"},
  };
  return kCommands;
}

}  // namespace larder::commands
