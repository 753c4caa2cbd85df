#include "geo_arguments.h"
#include "larder/base/text.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;
using types::SortedSet;

struct Options {
  SortedSet::Rule rule;
  bool counts_changes = false;
  std::size_t first = 2;  // of the triples
};

Options read_options(const Call& call) {
  Options options;
  const auto is = [&](std::string_view word) {
    return base::equals_ignoring_case(call.arg(options.first), word);
  };
  for (; options.first < call.size(); ++options.first) {
    if (is("NX")) {
      options.rule.only_new = true;
    } else if (is("XX")) {
      options.rule.only_known = true;
    } else if (is("CH")) {
      options.counts_changes = true;
    } else {
      break;
    }
  }
  return options;
}

struct Tally {
  std::int64_t added = 0;
  std::int64_t updated = 0;
};

Tally put_all(const Call& call, SortedSet& set, const Options& options,
              const SortedSet::Limits& limits) {
  Tally tally;
  set.expect((call.size() - options.first) / 3, call.arg(options.first + 2).size(), limits);
  for (std::size_t at = options.first; at < call.size(); at += 3) {
    const geo::Position position{*base::parse_double(call.arg(at)),
                                 *base::parse_double(call.arg(at + 1))};
    const auto score = static_cast<double>(geo::score_of(position));
    const auto outcome = set.put(call.arg(at + 2), score, options.rule, limits).outcome;
    tally.added += outcome == SortedSet::Outcome::added;
    tally.updated += outcome == SortedSet::Outcome::updated;
  }
  return tally;
}

void geoadd(Call& call, types::Settings& settings) {
  const Options options = read_options(call);
  const std::size_t words = call.size() - options.first;
  if (words == 0 || words % 3 != 0 || (options.rule.only_new && options.rule.only_known)) {
    return call.reply.error(errors::kSyntax);
  }
  for (std::size_t at = options.first; at < call.size(); at += 3) {
    if (!geo::read_position(call, at)) return;
  }
  const auto set = call.db.find<SortedSet>(call.key, keyspace::Look::write);
  if (set.wrong_type()) return call.reply.error(errors::kWrongType);
  Tally tally;
  if (set || !options.rule.only_known) {
    keyspace::Edit<SortedSet> edit(call.db, call.key, set.entry(), keyspace::Event::zadd);
    tally = put_all(call, *edit, options, limits_of(settings));
    edit.count(tally.added + tally.updated);
  }
  call.reply.integer(tally.added + (options.counts_changes ? tally.updated : 0));
}

}  // namespace

std::span<const engine::Command> geo_geoadd() {
  static constexpr Command kCommands[] = {
      {.name = "geoadd",
       .family = Family::geo,
       .arity = at_least(5),
       .flags = kWrites | kGrows,
       .keys = {KeySpec::one(1, kRW | kUpdate)},
       .handler = Handler::of<geoadd>(),
       .since = "3.2.0",
       .summary = "Adds members at positions on the earth, or moves them.",
       .complexity = "O(log(N)) for each member",
       .arguments = "key:key#0 condition:oneof?(nx:pure-token@NX xx:pure-token@XX) "
                    "change:pure-token@CH? longitude_latitude_member:block*(longitude:double "
                    "latitude:double member:string)"},
  };
  return kCommands;
}

}  // namespace larder::commands
