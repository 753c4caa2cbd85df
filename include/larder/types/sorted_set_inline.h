#pragma once

// The templates of SortedSet; include sorted_set.h.

#include "larder/types/ranked_set.h"
#include "larder/types/sorted_set.h"

namespace larder::types {

inline std::size_t SortedSet::size() const {
  if (storage_ == nullptr) return 0;
  return is_packed() ? view().size() / 2 : ranked()->size();
}

inline const Table<RankedTraits>& SortedSet::index() const { return ranked()->index(); }

inline void SortedSet::watch(BeforeElement* hook) { ranked()->watch(hook); }

template <typename Fn>
std::uint64_t SortedSet::scan(std::uint64_t cursor, std::size_t count, Fn fn) const {
  if (storage_ == nullptr) return 0;
  if (is_packed()) {
    for (Cursor at = this->at(0); at; at.next()) fn(at.member(), at.score());
    return 0;
  }
  std::size_t seen = 0;
  do {
    cursor = ranked()->index().scan(cursor, [&](const RankedMember* member) {
      ++seen;
      fn(String(member->text()), member->score());
    });
  } while (cursor != 0 && seen < count);
  return cursor;
}

}  // namespace larder::types
