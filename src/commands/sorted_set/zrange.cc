#include "events.h"
#include "larder/engine/command.h"
#include "range_query.h"

namespace larder::commands {
namespace {

using namespace engine;
using types::SortedSet;

void reply_range(resp::Writer& reply, const SortedSet& set, const RangeQuery& query) {
  const types::RankRange ranks = query.ranks(set);
  std::size_t left = ranks.size();
  begin_items(reply, left, query.show);
  if (left == 0) return;
  SortedSet::Cursor at = set.at(query.falling ? ranks.end - 1 : ranks.first);
  for (;;) {
    reply_item(reply, at.member(), query.show == Show::scores ? at.score() : 0, query.show);
    if (--left == 0) return;
    query.falling ? at.previous() : at.next();
  }
}

template <RangeBy kBy, RangeOrder kOrder>
void range(Call& call) {
  const auto query = RangeQuery::read(call, 2, kBy, kOrder, RangeUse::answer);
  if (!query) return;
  const auto set = call.db.find<SortedSet>(call.key);
  if (set.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!set) return call.reply.array(0);
  reply_range(call.reply, *set, *query);
}

SortedSet copy_range(const SortedSet& set, types::RankRange ranks,
                     const SortedSet::Limits& limits) {
  SortedSet copy(nullptr);
  std::size_t left = ranks.size();
  if (left == 0) return copy;
  types::String::Scratch scratch;
  for (auto at = set.at(ranks.first); left > 0; --left, at.next()) {
    copy.append(at.member().text(scratch), at.score(), limits);
  }
  return copy;
}

void zrangestore(Call& call, types::Settings& settings) {
  const auto query =
      RangeQuery::read(call, 3, RangeBy::open, RangeOrder::open, RangeUse::store);
  if (!query) return;
  const auto set = call.db.find<SortedSet>(keyspace::Key::of(call.arg(2)));
  if (set.wrong_type()) return call.reply.error(errors::kWrongType);
  SortedSet result(nullptr);
  if (set) result = copy_range(*set, query->ranks(*set), limits_of(settings));
  store_sorted_set(call, result, events::kZRangeStore);
}

}  // namespace

std::span<const engine::Command> sorted_set_zrange() {
  static constexpr Command kCommands[] = {
@ROWS zrange:range<RangeBy::open,RangeOrder::open> zrevrange:range<RangeBy::rank,RangeOrder::falling> zrangebyscore:range<RangeBy::score,RangeOrder::rising> zrevrangebyscore:range<RangeBy::score,RangeOrder::falling> zrangebylex:range<RangeBy::text,RangeOrder::rising> zrevrangebylex:range<RangeBy::text,RangeOrder::falling> zrangestore
  };
  return kCommands;
}

}  // namespace larder::commands
