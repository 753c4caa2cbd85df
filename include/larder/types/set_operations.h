#pragma once

// Intersection, union and difference of sets. Each calls a function once for each member of the
// result and does not store the result; unite() and subtract() use a temporary set if this is
// cheaper than lookups in all other sets. The order of the sets is chosen by size.

#include <algorithm>
#include <span>

#include "larder/types/set.h"
#include "larder/types/set_batch.h"

namespace larder::types {

using StoredSet = ReadOnly<Set>;

namespace detail {

// A temporary set, stored in a table for any size.
class TemporarySet {
 public:
  TemporarySet() : set_(Set::create(Set::Encoding::table)) {}
  ~TemporarySet() { set_.clear(); }
  TemporarySet(const TemporarySet&) = delete;
  TemporarySet& operator=(const TemporarySet&) = delete;
  Set& operator*() { return set_; }
  Set* operator->() { return &set_; }

 private:
  Set set_;
};

inline bool all_intsets(std::span<const StoredSet> sets) {
  return std::all_of(sets.begin(), sets.end(), [](const StoredSet& set) {
    return !set->empty() && set->encoding() == Set::Encoding::intset;
  });
}

// Merges the intsets, of which the first is the smallest.
template <typename Fn>
void intersect_intsets(std::span<const StoredSet> sets, Fn& fn) {
  constexpr std::size_t kMost = 16;
  std::array<IntsetCursor, kMost> cursors = [&]<std::size_t... kIndex>(
      std::index_sequence<kIndex...>) {
    return std::array<IntsetCursor, kMost>{
        IntsetCursor(sets[kIndex < sets.size() ? kIndex : 0]->intset())...};
  }
  (std::make_index_sequence<kMost>());
  const IntsetView least = sets[0]->intset();
  for (std::size_t i = 0; i < least.size(); ++i) {
    const std::int64_t value = least.at(i);
    bool everywhere = true;
    for (std::size_t j = 1; j < sets.size() && everywhere; ++j) {
      everywhere = j < kMost ? cursors[j].contains(value) : sets[j]->intset().contains(value);
    }
    if (everywhere && !fn(String(value))) return;
  }
}

// How many times as much as a lookup an insertion costs.
inline constexpr std::size_t kInsertionCost = 4;

}  // namespace detail

// Calls fn(String) on each member that all sets have, until it returns false. Puts the sets in
// the order of their sizes. There must be one at least.
template <typename Fn>
void intersect(std::span<StoredSet> sets, Fn fn) {
  std::sort(sets.begin(), sets.end(),
            [](const StoredSet& a, const StoredSet& b) { return a->size() < b->size(); });
  if (sets[0]->empty()) return;
  if (detail::all_intsets(sets)) return detail::intersect_intsets(sets, fn);
  for_each_batch(*sets[0], [&](MemberBatch& batch) {
    MemberMask mask = batch.all();
    for (const StoredSet& other : sets.subspan(1)) mask = batch.found_in(*other, mask);
    bool going = true;
    batch.for_each(mask, [&](const String& member) { going = going && fn(member); });
    return going;
  });
}

// Calls fn(String) on each member that any set has. Puts the sets in the order of their sizes.
template <typename Fn>
void unite(std::span<StoredSet> sets, Fn fn) {
  std::sort(sets.begin(), sets.end(),
            [](const StoredSet& a, const StoredSet& b) { return a->size() > b->size(); });
  std::size_t members = 0;
  std::size_t lookups = 0;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    members += sets[i]->size();
    lookups += sets[i]->size() * i;
  }
  if (lookups > members * detail::kInsertionCost) {
    detail::TemporarySet seen;
    const SetLimits limits{};
    for (const StoredSet& set : sets) {
      set->for_each([&](const String& member) {
        if (seen->add(member, limits)) fn(member);
      });
    }
    return;
  }
  for (std::size_t i = 0; i < sets.size(); ++i) {
    for_each_batch(*sets[i], [&](MemberBatch& batch) {
      MemberMask mask = batch.all();
      for (const StoredSet& before : sets.first(i)) mask &= ~batch.found_in(*before, mask);
      batch.for_each(mask, fn);
      return true;
    });
  }
}

// Calls fn(String) on each member of the first set that no other has.
template <typename Fn>
void subtract(std::span<StoredSet> sets, Fn fn) {
  const Set& from = *sets[0];
  std::span<StoredSet> others = sets.subspan(1);
  std::size_t others_size = 0;
  for (const StoredSet& other : others) others_size += other->size();
  // The largest first, as it finds the most.
  std::sort(others.begin(), others.end(),
            [](const StoredSet& a, const StoredSet& b) { return a->size() > b->size(); });

  // The union of all others, if lookups in each of them would be more work.
  detail::TemporarySet together;
  StoredSet whole;
  if (from.size() + others_size * detail::kInsertionCost < from.size() * others.size() / 2) {
    const SetLimits limits{};
    for (const StoredSet& other : others) {
      other->for_each([&](const String& member) { together->add(member, limits); });
    }
    whole = StoredSet(together->storage());
    others = std::span<StoredSet>(&whole, 1);
  }
  for_each_batch(from, [&](MemberBatch& batch) {
    MemberMask mask = batch.all();
    for (const StoredSet& other : others) mask &= ~batch.found_in(*other, mask);
    batch.for_each(mask, fn);
    return true;
  });
}

}  // namespace larder::types
