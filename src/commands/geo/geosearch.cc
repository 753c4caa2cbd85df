#include "../room.h"
#include "geo_query.h"
#include "larder/engine/command.h"
#include "larder/types/sorted_set_gatherer.h"

namespace larder::commands {
namespace {

using namespace engine;
using geo::Reader;
using types::SortedSet;

void reply_hits(resp::Writer& reply, const geo::Query& query, const geo::Hits& hits) {
  const std::uint64_t extras =
      std::uint64_t{query.with_distance} + query.with_hash + query.with_position;
  reply.array(hits.size());
  for (const geo::Hit& hit : hits) {
    if (reply.drops()) return;
    if (extras > 0) reply.array(1 + extras);
    reply_string(reply, hit.member);
    if (query.with_distance) geo::reply_distance(reply, hit.distance / query.metres);
    if (query.with_hash) reply.integer(static_cast<std::int64_t>(hit.score));
    if (query.with_position) geo::reply_position(reply, hit.position);
  }
}

void store_hits(Call& call, const geo::Query& query, const geo::Hits& hits,
                const SortedSet::Limits& limits, keyspace::Event event,
                eviction::Evictor& evictor) {
  types::SortedSetGatherer gatherer;
  gatherer.expect(hits.size());
  types::String::Scratch scratch;
  for (const geo::Hit& hit : hits) {
    gatherer.add(hit.member.text(scratch),
                 query.store_distance ? hit.distance / query.metres : hit.score);
  }
  SortedSet result = gatherer.finish(limits);
  if (!has_room_for_made(call, evictor, types::Type::sorted_set, result.storage())) return;
  call.db.put_storage(keyspace::Key::of(*query.store), types::Type::sorted_set, result.storage(),
                      event);
  if (!hits.empty()) call.db.count_changes(hits.size());
  call.reply.integer(static_cast<std::int64_t>(hits.size()));
}

void run(Call& call, const types::Settings& settings, const Reader& reader,
         eviction::Evictor& evictor) {
  const bool second = reader.form == Reader::Form::search && reader.stores;
  const keyspace::Key key = second ? keyspace::Key::of(call.arg(2)) : call.key;
  const auto set = call.db.find<SortedSet>(key);
  if (set.wrong_type()) return call.reply.error(errors::kWrongType);
  const auto query = geo::Query::read(call, set, reader);
  if (!query || (query->store && !may_make_result(call))) return;
  const geo::Hits hits = set ? query->run(*set) : geo::Hits();
  if (!query->store) {
    return (void)call.reply_first([&] { reply_hits(call.reply, *query, hits); });
  }
  const bool search = reader.form == Reader::Form::search;
  store_hits(call, *query, hits, limits_of(settings),
             search ? keyspace::Event::geosearchstore : keyspace::Event::georadiusstore, evictor);
}

template <Reader::Form kForm, bool kStores>
void search(Call& call, types::Settings& settings, eviction::Evictor& evictor) {
  run(call, settings, {.form = kForm, .stores = kStores}, evictor);
}

// Where the options of GEORADIUS and of GEORADIUSBYMEMBER begin.
constexpr std::size_t kOptionsByPosition = 6;
constexpr std::size_t kOptionsByMember = 5;

template <std::size_t kFirst>
std::size_t stored_key(std::span<const std::string_view> args) {
  return geo::target_position(args, kFirst);
}

constexpr auto kByPosition = Reader::Form::by_position;
constexpr auto kByMember = Reader::Form::by_member;
constexpr auto kSearch = Reader::Form::search;

}  // namespace

std::span<const engine::Command> geo_geosearch() {
  static constexpr Command kCommands[] = {
      {.name = "geosearch",
       .family = Family::geo,
       .arity = at_least(7),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<search<kSearch, false>>(),
       .since = "6.2.0",
       .summary = "Finds the members within a circle or a box.",
       .complexity = "O(N+log(M)) for N members in the area's bounding box of M in all",
       .arguments = "key:key#0 from:oneof(member:string@FROMMEMBER "
                    "longitude_latitude:block@FROMLONLAT(longitude:double latitude:double)) "
                    "by:oneof(circle:block(radius:double@BYRADIUS unit:oneof(m:pure-token@M "
                    "km:pure-token@KM ft:pure-token@FT mi:pure-token@MI)) "
                    "box:block(width:double@BYBOX height:double unit:oneof(m:pure-token@M "
                    "km:pure-token@KM ft:pure-token@FT mi:pure-token@MI))) "
                    "order:oneof?(asc:pure-token@ASC desc:pure-token@DESC) "
                    "count:block?(count:integer@COUNT any:pure-token@ANY?) "
                    "withcoord:pure-token@WITHCOORD? withdist:pure-token@WITHDIST? "
                    "withhash:pure-token@WITHHASH?"},
      {.name = "geosearchstore",
       .family = Family::geo,
       .arity = at_least(8),
       .flags = kWrites | kGrows,
       .keys = {KeySpec::one(1, kOW | kUpdate), KeySpec::one(2, kRO | kAccess)},
       .handler = Handler::of<search<kSearch, true>>(),
       .since = "6.2.0",
       .summary = "Stores the members within a circle or a box.",
       .complexity = "O(N+log(M)) for N members in the area's bounding box of M in all",
       .arguments = "destination:key#0 source:key#1 from:oneof(member:string@FROMMEMBER "
                    "longitude_latitude:block@FROMLONLAT(longitude:double latitude:double)) "
                    "by:oneof(circle:block(radius:double@BYRADIUS unit:oneof(m:pure-token@M "
                    "km:pure-token@KM ft:pure-token@FT mi:pure-token@MI)) "
                    "box:block(width:double@BYBOX height:double unit:oneof(m:pure-token@M "
                    "km:pure-token@KM ft:pure-token@FT mi:pure-token@MI))) "
                    "order:oneof?(asc:pure-token@ASC desc:pure-token@DESC) "
                    "count:block?(count:integer@COUNT any:pure-token@ANY?) "
                    "storedist:pure-token@STOREDIST?"},
      {.name = "georadius",
       .family = Family::geo,
       .arity = at_least(6),
       .flags = kWrites | kGrows | kMovableKeys,
       .keys = {KeySpec::one(1, kRO | kAccess),
                {.begin = KeySpec::Begin::keyword,
                 .first = 6,
                 .keyword = "STORE",
                 .flags = kOW | kUpdate},
                {.begin = KeySpec::Begin::keyword,
                 .first = 6,
                 .keyword = "STOREDIST",
                 .flags = kOW | kUpdate}},
       .unspecified_key = stored_key<kOptionsByPosition>,
       .handler = Handler::of<search<kByPosition, true>>(),
       .since = "3.2.0",
       .summary = "Finds, and stores if asked, the members within a distance of a position.",
       .complexity = "O(N+log(M)) for N members in the area's bounding box of M in all",
       .arguments = "key:key#0 longitude:double latitude:double radius:double "
                    "unit:oneof(m:pure-token@M km:pure-token@KM ft:pure-token@FT "
                    "mi:pure-token@MI) withcoord:pure-token@WITHCOORD? "
                    "withdist:pure-token@WITHDIST? withhash:pure-token@WITHHASH? "
                    "count:block?(count:integer@COUNT any:pure-token@ANY?) "
                    "order:oneof?(asc:pure-token@ASC desc:pure-token@DESC) key:key#1@STORE? "
                    "key:key#2@STOREDIST?",
       .deprecated_since = "6.2.0",
       .replaced_by = "`GEOSEARCH` and `GEOSEARCHSTORE` with `BYRADIUS`"},
      {.name = "georadius_ro",
       .family = Family::geo,
       .arity = at_least(6),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<search<kByPosition, false>>(),
       .since = "3.2.10",
       .summary = "Finds the members within a distance of a position.",
       .complexity = "O(N+log(M)) for N members in the area's bounding box of M in all",
       .arguments = "key:key#0 longitude:double latitude:double radius:double "
                    "unit:oneof(m:pure-token@M km:pure-token@KM ft:pure-token@FT "
                    "mi:pure-token@MI) withcoord:pure-token@WITHCOORD? "
                    "withdist:pure-token@WITHDIST? withhash:pure-token@WITHHASH? "
                    "count:block?(count:integer@COUNT any:pure-token@ANY?) "
                    "order:oneof?(asc:pure-token@ASC desc:pure-token@DESC)",
       .deprecated_since = "6.2.0",
       .replaced_by = "`GEOSEARCH` with `BYRADIUS`"},
      {.name = "georadiusbymember",
       .family = Family::geo,
       .arity = at_least(5),
       .flags = kWrites | kGrows | kMovableKeys,
       .keys = {KeySpec::one(1, kRO | kAccess),
                {.begin = KeySpec::Begin::keyword,
                 .first = 5,
                 .keyword = "STORE",
                 .flags = kOW | kUpdate},
                {.begin = KeySpec::Begin::keyword,
                 .first = 5,
                 .keyword = "STOREDIST",
                 .flags = kOW | kUpdate}},
       .unspecified_key = stored_key<kOptionsByMember>,
       .handler = Handler::of<search<kByMember, true>>(),
       .since = "3.2.0",
       .summary = "Finds, and stores if asked, the members within a distance of a member.",
       .complexity = "O(N+log(M)) for N members in the area's bounding box of M in all",
       .arguments = "key:key#0 member:string radius:double unit:oneof(m:pure-token@M "
                    "km:pure-token@KM ft:pure-token@FT mi:pure-token@MI) "
                    "withcoord:pure-token@WITHCOORD? withdist:pure-token@WITHDIST? "
                    "withhash:pure-token@WITHHASH? count:block?(count:integer@COUNT "
                    "any:pure-token@ANY?) order:oneof?(asc:pure-token@ASC desc:pure-token@DESC) "
                    "key:key#1@STORE? key:key#2@STOREDIST?",
       .deprecated_since = "6.2.0",
       .replaced_by = "`GEOSEARCH` and `GEOSEARCHSTORE` with `BYRADIUS` and `FROMMEMBER`"},
      {.name = "georadiusbymember_ro",
       .family = Family::geo,
       .arity = at_least(5),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<search<kByMember, false>>(),
       .since = "3.2.10",
       .summary = "Finds the members within a distance of a member.",
       .complexity = "O(N+log(M)) for N members in the area's bounding box of M in all",
       .arguments = "key:key#0 member:string radius:double unit:oneof(m:pure-token@M "
                    "km:pure-token@KM ft:pure-token@FT mi:pure-token@MI) "
                    "withcoord:pure-token@WITHCOORD? withdist:pure-token@WITHDIST? "
                    "withhash:pure-token@WITHHASH? count:block?(count:integer@COUNT "
                    "any:pure-token@ANY?) order:oneof?(asc:pure-token@ASC desc:pure-token@DESC)",
       .deprecated_since = "6.2.0",
       .replaced_by = "`GEOSEARCH` with `BYRADIUS` and `FROMMEMBER`"},
  };
  return kCommands;
}

}  // namespace larder::commands
