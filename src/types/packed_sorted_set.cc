#include "packed_sorted_set.h"

#include "larder/base/numbers.h"

namespace larder::types::packed {
namespace {

constexpr auto kOwner = SortedSet::kOwner;

// Scores beyond are not stored as integers, whole or not.
constexpr double kMostWhole = 4611686018427387904.0;

std::optional<std::int64_t> whole(double score) {
  if (score < -kMostWhole || score > kMostWhole) return std::nullopt;
  const auto number = static_cast<std::int64_t>(score);
  if (static_cast<double>(number) != score) return std::nullopt;
  return number;
}

}  // namespace

double score_at(const ListpackView& pack, Place score) {
  const String text = pack.get(score);
  if (text.is_number()) return static_cast<double>(text.number());
  String::Scratch unused;
  return base::parse_double(text.text(unused)).value_or(0);
}

Place previous(const ListpackView& pack, Place member) {
  const Place score = pack.previous(member);
  return score == ListpackView::kEnd ? score : pack.previous(score);
}

Place find_place(const ListpackView& pack, double score, std::string_view member) {
  String::Scratch scratch;
  for (Place at = pack.first(); at != ListpackView::kEnd;) {
    const Place score_place = pack.next(at);
    const double other = score_at(pack, score_place);
    if (other > score || (other == score && pack.get(at).text(scratch) >= member)) return at;
    at = pack.next(score_place);
  }
  return ListpackView::kEnd;
}

void insert(Listpack& pack, Place before, std::string_view member, double score) {
  // The score first, so that both can be put at the same place.
  Place place;
  if (const auto number = whole(score)) {
    place = pack.insert(kOwner, before, *number);
  } else {
    char digits[base::kDoubleChars];
    place = pack.insert(kOwner, before, base::print_double(score, digits));
  }
  pack.insert(kOwner, place, member);
}

}  // namespace larder::types::packed
