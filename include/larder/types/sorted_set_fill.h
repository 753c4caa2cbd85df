#pragma once

// Builds a large sorted set of many members at once, as a file has them: in the order of the set,
// in the reverse order, or in any other. This is faster than adding one after the other.

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include "larder/memory/heap.h"
#include "larder/types/ranked_set.h"
#include "larder/types/sorted_set.h"
#include "larder/types/table_fill.h"

namespace larder::types {

class SortedSetFill {
 public:
  // For about this many members. Until the end each takes 16 bytes more than in the set.
  explicit SortedSetFill(std::size_t members);
  ~SortedSetFill();
  SortedSetFill(const SortedSetFill&) = delete;
  SortedSetFill& operator=(const SortedSetFill&) = delete;

  // The score must be a number.
  void add(std::string_view member, double score);
  // The set, which the caller now owns; null if a member was repeated, or if go_on(), which is
  // called every few steps, returned false. Cost: O(n log n), or O(n) if the members came in the
  // order of the set or in the reverse order.
  template <typename GoOn>
  void* finish(GoOn go_on);
  // Frees all members; go_on() is called for each.
  template <typename GoOn>
  void clear(GoOn go_on);

 private:
  struct Ranked {
    double score;
    RankedMember* member;

    bool is_before(const Ranked& other) const {
      return score != other.score ? score < other.score : member->text() < other.member->text();
    }
  };
  using Order = std::vector<Ranked, memory::Allocator<Ranked, SortedSet::kOwner>>;

  bool insert_waiting();
  void release_twin(RankedMember* twin);
  SortedSet begin_set();

  Table<RankedTraits> members_;
  TableFill<RankedTraits> fill_;
  Order order_;
  std::size_t member_bytes_ = 0;
  bool all_new_ = true;
  bool rises_ = true;
  bool falls_ = true;
};

template <typename GoOn>
void SortedSetFill::clear(GoOn go_on) {
  insert_waiting();
  base::Budget unlimited = base::Budget::unlimited();
  members_.clear_some(unlimited, [&go_on](RankedMember* member) {
    RankedMember::release(SortedSet::kOwner, member);
    go_on();
  });
}

template <typename GoOn>
void* SortedSetFill::finish(GoOn go_on) {
  if (!insert_waiting()) return nullptr;
  bool goes_on = true;
  if (!rises_ && falls_) std::reverse(order_.begin(), order_.end());
  if (!rises_ && !falls_) {
    std::sort(order_.begin(), order_.end(), [&](const Ranked& a, const Ranked& b) {
      goes_on = goes_on && go_on();
      return a.is_before(b);
    });
  }
  SortedSet set = begin_set();
  for (const Ranked& each : order_) {
    goes_on = goes_on && go_on();
    set.append(each.member);
  }
  if (goes_on) return set.storage();
  set.destroy();
  return nullptr;
}

}  // namespace larder::types
