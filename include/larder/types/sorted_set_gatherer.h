#pragma once

// Collects members with scores in any order and builds a sorted set from them at the end, which is
// faster than keeping them in order.

#include <string_view>

#include "larder/types/sorted_set.h"

namespace larder::types {

class SortedSetGatherer {
 public:
  SortedSetGatherer() = default;
  SortedSetGatherer(const SortedSetGatherer&) = delete;
  SortedSetGatherer& operator=(const SortedSetGatherer&) = delete;
  ~SortedSetGatherer();

  std::size_t size() const { return members_.size(); }
  // Before the first member: the least number of members that will be added.
  void expect(std::size_t members) { members_.reserve(members); }

  // The current score of the member, which the caller may change; null if the member is new, in
  // which case it has got `score`.
  RankedMember* find_or_add(std::string_view member, double score);
  // A member that was not added before.
  void add(std::string_view member, double score);

  // Returns the set, which the caller now owns. Cost: O(n log n).
  SortedSet finish(const SortedSet::Limits& limits);

 private:
  void put(std::string_view member, std::uint64_t hash, double score);

  Table<RankedTraits> members_;
  std::size_t member_bytes_ = 0;
};

}  // namespace larder::types
