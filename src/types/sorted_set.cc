#include "larder/types/sorted_set.h"

#include <algorithm>
#include <cmath>
#include <new>

#include "larder/base/assert.h"
#include "larder/memory/heap.h"
#include "packed_sorted_set.h"

namespace larder::types {
namespace {

using Place = ListpackView::Place;
using Equal = RankedTree::Equal;

constexpr Place kEnd = ListpackView::kEnd;

}  // namespace

String SortedSet::Cursor::member() const {
  if (pack_ != nullptr) return ListpackView(pack_).get(place_);
  return String(ranked_.member()->text());
}

double SortedSet::Cursor::score() const {
  if (pack_ != nullptr) return packed::score_of(ListpackView(pack_), place_);
  return ranked_.member()->score();
}

void SortedSet::Cursor::next() {
  if (pack_ == nullptr) return ranked_.next();
  place_ = packed::next(ListpackView(pack_), place_);
}

void SortedSet::Cursor::previous() {
  if (pack_ == nullptr) return ranked_.previous();
  place_ = packed::previous(ListpackView(pack_), place_);
}

std::optional<double> SortedSet::score(std::string_view member) const {
  if (storage_ == nullptr) return std::nullopt;
  if (is_packed()) {
    const Place place = packed::find(view(), member);
    return place == kEnd ? std::nullopt : std::optional(packed::score_of(view(), place));
  }
  const RankedMember* found = ranked()->find(member, base::hash_bytes(member));
  return found == nullptr ? std::nullopt : std::optional(found->score());
}

std::optional<SortedSet::Ranked> SortedSet::rank(std::string_view member) const {
  if (storage_ == nullptr) return std::nullopt;
  if (is_packed()) {
    const Place found = packed::find(view(), member);
    if (found == kEnd) return std::nullopt;
    const std::size_t before = packed::count_while(view(), [&](Place at) { return at != found; });
    return Ranked{before, packed::score_of(view(), found)};
  }
  const RankedMember* found = ranked()->find(member, base::hash_bytes(member));
  if (found == nullptr) return std::nullopt;
  return Ranked{ranked()->order().rank(found), found->score()};
}

RankRange SortedSet::ranks(const ScoreRange& range) const {
  if (empty()) return {};
  if (!is_packed()) {
    const RankedTree& order = ranked()->order();
    return {order.count_before(range.least, range.without_least ? Equal::before : Equal::after),
            order.count_before(range.most, range.without_most ? Equal::after : Equal::before)};
  }
  const auto count_before = [this](double bound, bool or_equal) {
    return packed::count_while(view(), [&](Place at) {
      const double score = packed::score_of(view(), at);
      return score < bound || (or_equal && score == bound);
    });
  };
  return {count_before(range.least, range.without_least),
          count_before(range.most, !range.without_most)};
}

RankRange SortedSet::ranks(const TextRange& range) const {
  if (empty()) return {};
  const auto count_before = [this](const TextBound& bound, bool or_equal) -> std::size_t {
    if (bound.kind == TextBound::Kind::lowest) return 0;
    if (bound.kind == TextBound::Kind::highest) return size();
    if (!is_packed()) {
      return ranked()->order().count_before(bound.text, or_equal ? Equal::before : Equal::after);
    }
    return packed::count_while(view(), [&](Place at) {
      String::Scratch scratch;
      const std::string_view text = view().get(at).text(scratch);
      return or_equal ? text <= bound.text : text < bound.text;
    });
  };
  return {count_before(range.least, range.least.kind == TextBound::Kind::excluding),
          count_before(range.most, range.most.kind == TextBound::Kind::including)};
}

std::optional<TableStats> SortedSet::table_stats() const {
  if (storage_ == nullptr || is_packed()) return std::nullopt;
  return ranked()->index().stats();
}

SortedSet::Cursor SortedSet::at(std::size_t rank) const {
  if (rank >= size()) return {};
  if (!is_packed()) return Cursor(ranked()->order().at(rank));
  return {static_cast<const std::uint8_t*>(storage_),
          view().at(static_cast<std::int64_t>(rank) * 2)};
}

}  // namespace larder::types
