#include "set_operations.h"

#include <algorithm>

namespace larder::commands {
namespace {

// Infinity times zero, and infinity less infinity, are zero here.
double number_or_zero(double score) { return std::isnan(score) ? 0 : score; }

double combine(double sum, double score, Aggregate aggregate) {
  switch (aggregate) {
    case Aggregate::sum:
      return number_or_zero(sum + score);
    case Aggregate::least:
      return score < sum ? score : sum;
    case Aggregate::greatest:
      return score > sum ? score : sum;
  }
  return sum;
}

// Calls fn(text, score) for every member of the first source that is in all others, until it
// returns false.
template <typename Fn>
void for_each_common(const Sources& sources, Fn fn) {
  const Source& first = sources.list.front();
  types::String::Scratch scratch;
  first.for_each([&](const types::String& member, double score) {
    const std::string_view text = member.text(scratch);
    double sum = number_or_zero(first.weight * score);
    for (std::size_t i = 1; i < sources.list.size(); ++i) {
      const auto other = sources.list[i].score(text);
      if (!other) return true;
      sum = combine(sum, sources.list[i].weight * *other, sources.options.aggregate);
    }
    return fn(text, sum);
  });
}

}  // namespace

void unite(Sources& sources, types::SortedSetGatherer& result) {
  sources.sort();
  result.expect(sources.list.back().size());
  types::String::Scratch scratch;
  for (const Source& source : sources.list) {
    source.for_each([&](const types::String& member, double score) {
      score = number_or_zero(source.weight * score);
      if (types::RankedMember* known = result.find_or_add(member.text(scratch), score)) {
        known->score(combine(known->score(), score, sources.options.aggregate));
      }
      return true;
    });
  }
}

void intersect(Sources& sources, types::SortedSetGatherer& result) {
  sources.sort();
  for_each_common(sources, [&result](std::string_view text, double score) {
    result.add(text, score);
    return true;
  });
}

void subtract(Sources& sources, types::SortedSetGatherer& result) {
  const auto others = std::next(sources.list.begin());
  types::String::Scratch scratch;
  sources.list.front().for_each([&](const types::String& member, double score) {
    const std::string_view text = member.text(scratch);
    const bool stays = std::none_of(others, sources.list.end(), [text](const Source& source) {
      return source.score(text).has_value();
    });
    if (stays) result.add(text, score);
    return true;
  });
}

std::size_t count_common(Sources& sources) {
  sources.sort();
  std::size_t count = 0;
  for_each_common(sources,
                  [&](std::string_view, double) { return ++count != sources.options.limit; });
  return count;
}

}  // namespace larder::commands
