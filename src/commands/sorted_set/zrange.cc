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
    if (--left == 0 || reply.drops()) return;
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
  copy.expect(left, 0, limits);
  types::String::Scratch scratch;
  for (auto at = set.at(ranks.first); left > 0; --left, at.next()) {
    copy.append(at.member().text(scratch), at.score(), limits);
  }
  return copy;
}

void zrangestore(Call& call, types::Settings& settings, eviction::Evictor& evictor) {
  const auto query = RangeQuery::read(call, 3, RangeBy::open, RangeOrder::open, RangeUse::store);
  if (!query) return;
  const auto set = call.db.find<SortedSet>(keyspace::Key::of(call.arg(2)));
  if (set.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!may_make_result(call)) return;
  SortedSet result(nullptr);
  if (set) result = copy_range(*set, query->ranks(*set), limits_of(settings));
  store_sorted_set(call, std::move(result), keyspace::Event::zrangestore, evictor);
}

}  // namespace

std::span<const engine::Command> sorted_set_zrange() {
  static constexpr Command kCommands[] = {
      {.name = "zrange",
       .family = Family::sorted_set,
       .arity = at_least(4),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<range<RangeBy::open, RangeOrder::open>>(),
       .since = "1.2.0",
       .summary = "Returns the members in a range of ranks, scores or texts.",
       .complexity = "O(log(N)+M) for M members returned",
       .arguments = "key:key#0 start:string stop:string sortby:oneof?(byscore:pure-token@BYSCORE "
                    "bylex:pure-token@BYLEX) rev:pure-token@REV? "
                    "offset_count:block@LIMIT?(offset:integer count:integer) "
                    "withscores:pure-token@WITHSCORES?"},
      {.name = "zrevrange",
       .family = Family::sorted_set,
       .arity = at_least(4),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<range<RangeBy::rank, RangeOrder::falling>>(),
       .since = "1.2.0",
       .summary = "Returns the members in a range of ranks, the greatest first.",
       .complexity = "O(log(N)+M) for M members returned",
       .arguments = "key:key#0 start:integer stop:integer withscores:pure-token@WITHSCORES?",
       .deprecated_since = "6.2.0",
       .replaced_by = "`ZRANGE` with `REV`"},
      {.name = "zrangebyscore",
       .family = Family::sorted_set,
       .arity = at_least(4),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<range<RangeBy::score, RangeOrder::rising>>(),
       .since = "1.0.5",
       .summary = "Returns the members in a range of scores.",
       .complexity = "O(log(N)+M) for M members returned",
       .arguments = "key:key#0 min:double max:double withscores:pure-token@WITHSCORES? "
                    "offset_count:block@LIMIT?(offset:integer count:integer)",
       .deprecated_since = "6.2.0",
       .replaced_by = "`ZRANGE` with `BYSCORE`"},
      {.name = "zrevrangebyscore",
       .family = Family::sorted_set,
       .arity = at_least(4),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<range<RangeBy::score, RangeOrder::falling>>(),
       .since = "2.2.0",
       .summary = "Returns the members in a range of scores, the greatest first.",
       .complexity = "O(log(N)+M) for M members returned",
       .arguments = "key:key#0 max:double min:double withscores:pure-token@WITHSCORES? "
                    "offset_count:block@LIMIT?(offset:integer count:integer)",
       .deprecated_since = "6.2.0",
       .replaced_by = "`ZRANGE` with `REV` and `BYSCORE`"},
      {.name = "zrangebylex",
       .family = Family::sorted_set,
       .arity = at_least(4),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<range<RangeBy::text, RangeOrder::rising>>(),
       .since = "2.8.9",
       .summary = "Returns the members in a range of texts, if all have the same score.",
       .complexity = "O(log(N)+M) for M members returned",
       .arguments = "key:key#0 min:string max:string offset_count:block@LIMIT?(offset:integer "
                    "count:integer)",
       .deprecated_since = "6.2.0",
       .replaced_by = "`ZRANGE` with `BYLEX`"},
      {.name = "zrevrangebylex",
       .family = Family::sorted_set,
       .arity = at_least(4),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<range<RangeBy::text, RangeOrder::falling>>(),
       .since = "2.8.9",
       .summary = "Returns the members in a range of texts, if all have the same score, the "
                  "greatest first.",
       .complexity = "O(log(N)+M) for M members returned",
       .arguments = "key:key#0 max:string min:string offset_count:block@LIMIT?(offset:integer "
                    "count:integer)",
       .deprecated_since = "6.2.0",
       .replaced_by = "`ZRANGE` with `REV` and `BYLEX`"},
      {.name = "zrangestore",
       .family = Family::sorted_set,
       .arity = at_least(5),
       .flags = kWrites | kGrows,
       .keys = {KeySpec::one(1, kOW | kUpdate), KeySpec::one(2, kRO | kAccess)},
       .handler = Handler::of<zrangestore>(),
       .since = "6.2.0",
       .summary = "Stores the members in a range of ranks, scores or texts at another key.",
       .complexity = "O(log(N)+M) for M members stored",
       .arguments = "dst:key#0 src:key#1 min:string max:string "
                    "sortby:oneof?(byscore:pure-token@BYSCORE bylex:pure-token@BYLEX) "
                    "rev:pure-token@REV? offset_count:block@LIMIT?(offset:integer count:integer)"},
  };
  return kCommands;
}

}  // namespace larder::commands
