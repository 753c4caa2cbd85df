#include <array>

#include "larder/base/numbers.h"
#include "larder/base/text.h"
#include "larder/engine/command.h"
#include "sorted_set_tools.h"

namespace larder::commands {
namespace {

using namespace engine;
using types::SortedSet;

constexpr std::string_view kNotANumber = "ERR resulting score is not a number (NaN)";

struct Options {
  SortedSet::Rule rule;
  bool counts_changes = false;
  std::size_t first = 2;  // of the pairs
};

Options read_options(const Call& call) {
  Options options;
  const auto is = [&](std::string_view word) {
    return base::equals_ignoring_case(call.arg(options.first), word);
  };
  for (; options.first < call.size(); ++options.first) {
    // Nearly every call has a number here.
    if (call.arg(options.first).size() != 2 && !is("INCR")) break;
    if (is("NX")) {
      options.rule.only_new = true;
    } else if (is("XX")) {
      options.rule.only_known = true;
    } else if (is("GT")) {
      options.rule.only_greater = true;
    } else if (is("LT")) {
      options.rule.only_less = true;
    } else if (is("CH")) {
      options.counts_changes = true;
    } else if (is("INCR")) {
      options.rule.adds = true;
    } else {
      break;
    }
  }
  return options;
}

// Empty if options and pairs are compatible.
std::string_view error_in(const Call& call, const Options& options) {
  const SortedSet::Rule& rule = options.rule;
  const std::size_t words = call.size() - options.first;
  if (words == 0 || words % 2 != 0) return errors::kSyntax;
  if (rule.only_new && rule.only_known) {
    return "ERR XX and NX options at the same time are not compatible";
  }
  if (rule.only_new + rule.only_greater + rule.only_less > 1) {
    return "ERR GT, LT, and/or NX options at the same time are not compatible";
  }
  if (rule.adds && words > 2) {
    return "ERR INCR option supports a single increment-element pair";
  }
  return {};
}

// The scores of the pairs, of which the first few are read only once.
class Scores {
 public:
  // False if one of them is not a number: then nothing may be changed.
  bool read(const Call& call, std::size_t first) {
    for (std::size_t at = first; at < call.size(); at += 2) {
      const auto score = base::parse_double(call.arg(at));
      if (!score) return false;
      const std::size_t index = (at - first) / 2;
      if (index < kept_.size()) kept_[index] = *score;
    }
    return true;
  }
  double at(const Call& call, std::size_t first, std::size_t index) const {
    return index < kept_.size() ? kept_[index] : *base::parse_double(call.arg(first + 2 * index));
  }

 private:
  std::array<double, 16> kept_;
};

struct Tally {
  std::size_t added = 0;
  std::size_t updated = 0;
  SortedSet::Put last{};
};

Tally put_all(const Call& call, SortedSet& set, const Options& options, const Scores& scores,
              const SortedSet::Limits& limits) {
  Tally tally;
  const std::size_t pairs = (call.size() - options.first) / 2;
  set.expect(pairs, call.arg(options.first + 1).size(), limits);
  for (std::size_t i = 0; i < pairs; ++i) {
    tally.last = set.put(call.arg(options.first + 2 * i + 1), scores.at(call, options.first, i),
                         options.rule, limits);
    tally.added += tally.last.outcome == SortedSet::Outcome::added;
    tally.updated += tally.last.outcome == SortedSet::Outcome::updated;
  }
  return tally;
}

void answer(Call& call, const Options& options, const Tally& tally) {
  if (!options.rule.adds) {
    const std::size_t count = tally.added + (options.counts_changes ? tally.updated : 0);
    return call.reply.integer(static_cast<std::int64_t>(count));
  }
  switch (tally.last.outcome) {
    case SortedSet::Outcome::not_a_number:
      return call.reply.error(kNotANumber);
    case SortedSet::Outcome::refused:
      return call.reply.null();
    default:
      call.reply.real(tally.last.score);
  }
}

void add(Call& call, const Options& options, const types::Settings& settings) {
  Scores scores;
  if (!scores.read(call, options.first)) return call.reply.error(errors::kNotAFloat);
  const auto set = call.db.find<SortedSet>(call.key, keyspace::Look::write);
  if (set.wrong_type()) return call.reply.error(errors::kWrongType);
  Tally tally{.last = {SortedSet::Outcome::refused, 0}};
  if (set || !options.rule.only_known) {
    const auto event = options.rule.adds ? keyspace::Event::zincr : keyspace::Event::zadd;
    keyspace::Edit<SortedSet> edit(call.db, call.key, set.entry(), event);
    tally = put_all(call, *edit, options, scores, limits_of(settings));
    edit.count(tally.added + tally.updated);
  }
  answer(call, options, tally);
}

void zadd(Call& call, types::Settings& settings) {
  const Options options = read_options(call);
  const std::string_view error = error_in(call, options);
  if (!error.empty()) return call.reply.error(error);
  add(call, options, settings);
}

void zincrby(Call& call, types::Settings& settings) {
  add(call, {.rule = {.adds = true}}, settings);
}

}  // namespace

std::span<const engine::Command> sorted_set_zadd() {
  static constexpr Command kCommands[] = {
      {.name = "zadd",
       .family = Family::sorted_set,
       .arity = at_least(4),
       .flags = kWrites | kGrows | kFast,
       .keys = {KeySpec::one(1, kRW | kUpdate)},
       .handler = Handler::of<zadd>(),
       .since = "1.2.0",
       .summary = "Adds members with their scores, or changes the scores of members, optionally "
                  "under conditions.",
       .complexity = "O(log(N)) for each member added or changed",
       .arguments = "key:key#0 condition:oneof?(nx:pure-token@NX xx:pure-token@XX) "
                    "comparison:oneof?(gt:pure-token@GT lt:pure-token@LT) change:pure-token@CH? "
                    "increment:pure-token@INCR? score_member:block*(score:double member:string)"},
      {.name = "zincrby",
       .family = Family::sorted_set,
       .arity = exactly(4),
       .flags = kWrites | kGrows | kFast,
       .keys = {KeySpec::one(1, kRW | kAccess | kUpdate)},
       .handler = Handler::of<zincrby>(),
       .since = "1.2.0",
       .summary = "Adds a number to a member's score; no member counts as zero.",
       .complexity = "O(log(N))",
       .arguments = "key:key#0 increment:integer member:string"},
  };
  return kCommands;
}

}  // namespace larder::commands
