#include "larder/engine/command.h"
#include "set_operations.h"
#include "sorted_set_tools.h"

namespace larder::commands {
namespace {

using namespace engine;

using Operation = void (*)(Sources&, types::SortedSetGatherer&);

// A sorted set holds the result until the reply has been written.
constexpr types::SortedSet::Limits kNeverPacked{0, 0};

template <Operation kOperation, unsigned kTakes>
void answer(Call& call) {
  auto sources = Sources::read(call, 1, kTakes | kTakesScores);
  if (!sources) return;
  types::SortedSetGatherer gatherer;
  kOperation(*sources, gatherer);
  types::SortedSet result = gatherer.finish(kNeverPacked);
  const Show show = sources->options.with_scores ? Show::scores : Show::members;
  begin_items(call.reply, result.size(), show);
  for (auto at = result.at(0); at && !call.reply.drops(); at.next()) {
    reply_item(call.reply, at.member(), at.score(), show);
  }
  result.destroy();
}

template <Operation kOperation, unsigned kTakes, keyspace::Event kEvent>
void store(Call& call, types::Settings& settings, eviction::Evictor& evictor) {
  auto sources = Sources::read(call, 2, kTakes);
  if (!sources || !may_make_result(call)) return;
  types::SortedSetGatherer gatherer;
  kOperation(*sources, gatherer);
  store_sorted_set(call, gatherer.finish(limits_of(settings)), kEvent, evictor);
}

void zintercard(Call& call) {
  auto sources = Sources::read(call, 1, kTakesLimit);
  if (!sources) return;
  call.reply.integer(static_cast<std::int64_t>(count_common(*sources)));
}

}  // namespace

std::span<const engine::Command> sorted_set_zunion() {
  static constexpr Command kCommands[] = {
      {.name = "zunion",
       .family = Family::sorted_set,
       .arity = at_least(3),
       .flags = kReads | kMovableKeys,
       .keys = {KeySpec::counted(1, kRO | kAccess)},
       .handler = Handler::of<answer<unite, kTakesWeights>>(),
       .since = "6.2.0",
       .summary = "Returns the members that are in any of the sorted sets and sets.",
       .complexity = "O(N+M*log(M)) for N members given and M returned",
       .arguments = "numkeys:integer key:key#0* weight:integer@WEIGHTS?* "
                    "aggregate:oneof@AGGREGATE?(sum:pure-token@SUM min:pure-token@MIN "
                    "max:pure-token@MAX) withscores:pure-token@WITHSCORES?"},
      {.name = "zunionstore",
       .family = Family::sorted_set,
       .arity = at_least(4),
       .flags = kWrites | kGrows | kMovableKeys,
       .keys = {KeySpec::one(1, kOW | kUpdate), KeySpec::counted(2, kRO | kAccess)},
       .handler = Handler::of<store<unite, kTakesWeights, keyspace::Event::zunionstore>>(),
       .since = "2.0.0",
       .summary = "Stores the members that are in any of the sorted sets and sets.",
       .complexity = "O(N+M*log(M)) for N members given and M stored",
       .arguments = "destination:key#0 numkeys:integer key:key#1* weight:integer@WEIGHTS?* "
                    "aggregate:oneof@AGGREGATE?(sum:pure-token@SUM min:pure-token@MIN "
                    "max:pure-token@MAX)"},
      {.name = "zinter",
       .family = Family::sorted_set,
       .arity = at_least(3),
       .flags = kReads | kMovableKeys,
       .keys = {KeySpec::counted(1, kRO | kAccess)},
       .handler = Handler::of<answer<intersect, kTakesWeights>>(),
       .since = "6.2.0",
       .summary = "Returns the members that are in all of the sorted sets and sets.",
       .complexity = "O(N*K+M*log(M)) for K keys, N members in the smallest and M returned",
       .arguments = "numkeys:integer key:key#0* weight:integer@WEIGHTS?* "
                    "aggregate:oneof@AGGREGATE?(sum:pure-token@SUM min:pure-token@MIN "
                    "max:pure-token@MAX) withscores:pure-token@WITHSCORES?"},
      {.name = "zinterstore",
       .family = Family::sorted_set,
       .arity = at_least(4),
       .flags = kWrites | kGrows | kMovableKeys,
       .keys = {KeySpec::one(1, kOW | kUpdate), KeySpec::counted(2, kRO | kAccess)},
       .handler = Handler::of<store<intersect, kTakesWeights, keyspace::Event::zinterstore>>(),
       .since = "2.0.0",
       .summary = "Stores the members that are in all of the sorted sets and sets.",
       .complexity = "O(N*K+M*log(M)) for K keys, N members in the smallest and M stored",
       .arguments = "destination:key#0 numkeys:integer key:key#1* weight:integer@WEIGHTS?* "
                    "aggregate:oneof@AGGREGATE?(sum:pure-token@SUM min:pure-token@MIN "
                    "max:pure-token@MAX)"},
      {.name = "zintercard",
       .family = Family::sorted_set,
       .arity = at_least(3),
       .flags = kReads | kMovableKeys,
       .keys = {KeySpec::counted(1, kRO | kAccess)},
       .handler = Handler::of<zintercard>(),
       .since = "7.0.0",
       .summary = "Returns the number of members that are in all of the sorted sets and sets.",
       .complexity = "O(N*K) for K keys and N members in the smallest",
       .arguments = "numkeys:integer key:key#0* limit:integer@LIMIT?"},
      {.name = "zdiff",
       .family = Family::sorted_set,
       .arity = at_least(3),
       .flags = kReads | kMovableKeys,
       .keys = {KeySpec::counted(1, kRO | kAccess)},
       .handler = Handler::of<answer<subtract, 0>>(),
       .since = "6.2.0",
       .summary = "Returns the members of the first sorted set that are in none of the others.",
       .complexity = "O(N*K+M*log(M)) for K keys, N members in the first and M returned",
       .arguments = "numkeys:integer key:key#0* withscores:pure-token@WITHSCORES?"},
      {.name = "zdiffstore",
       .family = Family::sorted_set,
       .arity = at_least(4),
       .flags = kWrites | kGrows | kMovableKeys,
       .keys = {KeySpec::one(1, kOW | kUpdate), KeySpec::counted(2, kRO | kAccess)},
       .handler = Handler::of<store<subtract, 0, keyspace::Event::zdiffstore>>(),
       .since = "6.2.0",
       .summary = "Stores the members of the first sorted set that are in none of the others.",
       .complexity = "O(N*K+M*log(M)) for K keys, N members in the first and M stored",
       .arguments = "destination:key#0 numkeys:integer key:key#1*"},
  };
  return kCommands;
}

}  // namespace larder::commands
