#pragma once

// Sorted sets as listpacks: member, score, member, score, ... in order.

#include <optional>

#include "larder/types/sorted_set.h"

namespace larder::types::packed {

using Place = ListpackView::Place;

// The position of the member, which its score follows; kEnd if it is not there.
inline Place find(const ListpackView& pack, std::string_view member) {
  return pack.find(member, pack.first(), 1);
}
double score_at(const ListpackView& pack, Place score);
inline double score_of(const ListpackView& pack, Place member) {
  return score_at(pack, pack.next(member));
}
// The members after and before; kEnd where there is none.
inline Place next(const ListpackView& pack, Place member) { return pack.next(pack.next(member)); }
Place previous(const ListpackView& pack, Place member);

// The position of the first member that is not before these; kEnd if there is none.
Place find_place(const ListpackView& pack, double score, std::string_view member);
// Inserts both before the member at `before`.
void insert(Listpack& pack, Place before, std::string_view member, double score);

// Counts members from the first on, as long as fn(place) is true.
template <typename Fn>
std::size_t count_while(const ListpackView& pack, Fn fn) {
  std::size_t count = 0;
  for (Place at = pack.first(); at != ListpackView::kEnd && fn(at); at = next(pack, at)) ++count;
  return count;
}

}  // namespace larder::types::packed
