#include "geo_arguments.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;
using types::SortedSet;

std::optional<geo::Position> position_in(const keyspace::Found<SortedSet>& set,
                                         std::string_view member) {
  const auto score = set ? set->score(member) : std::nullopt;
  if (!score) return std::nullopt;
  return geo::position_of(*score);
}

void geopos(Call& call) {
  const auto set = call.db.find<SortedSet>(call.key);
  if (set.wrong_type()) return call.reply.error(errors::kWrongType);
  call.reply.array(call.size() - 2);
  for (std::size_t i = 2; i < call.size(); ++i) {
    const auto position = position_in(set, call.arg(i));
    position ? geo::reply_position(call.reply, *position) : call.reply.null_array();
  }
}

void geohash(Call& call) {
  const auto set = call.db.find<SortedSet>(call.key);
  if (set.wrong_type()) return call.reply.error(errors::kWrongType);
  call.reply.array(call.size() - 2);
  for (std::size_t i = 2; i < call.size(); ++i) {
    const auto position = position_in(set, call.arg(i));
    if (!position) {
      call.reply.null();
      continue;
    }
    const geo::Letters letters = geo::letters_of(*position);
    call.reply.bulk({letters.data(), letters.size()});
  }
}

void geodist(Call& call) {
  if (call.size() > 5) return call.reply.error(errors::kSyntax);
  const auto metres = call.size() == 5 ? geo::read_unit(call, 4) : std::optional(1.0);
  if (!metres) return;
  const auto set = call.db.find<SortedSet>(call.key);
  if (set.wrong_type()) return call.reply.error(errors::kWrongType);
  const auto from = position_in(set, call.arg(2));
  const auto to = position_in(set, call.arg(3));
  if (!from || !to) return call.reply.null();
  geo::reply_distance(call.reply, geo::distance(*from, *to) / *metres);
}

}  // namespace

std::span<const engine::Command> geo_geopos() {
  static constexpr Command kCommands[] = {
      {.name = "geopos",
       .family = Family::geo,
       .arity = at_least(2),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<geopos>(),
       .since = "3.2.0",
       .summary = "Returns the positions of members.",
       .complexity = "O(M) for M members",
       .arguments = "key:key#0 member:string*"},
      {.name = "geohash",
       .family = Family::geo,
       .arity = at_least(2),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<geohash>(),
       .since = "3.2.0",
       .summary = "Returns the positions of members as geohash texts.",
       .complexity = "O(M) for M members",
       .arguments = "key:key#0 member:string*"},
      {.name = "geodist",
       .family = Family::geo,
       .arity = at_least(4),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<geodist>(),
       .since = "3.2.0",
       .summary = "Returns the distance between two members.",
       .complexity = "O(1)",
       .arguments = "key:key#0 member1:string member2:string unit:oneof?(m:pure-token@M "
                    "km:pure-token@KM ft:pure-token@FT mi:pure-token@MI)"},
  };
  return kCommands;
}

}  // namespace larder::commands
