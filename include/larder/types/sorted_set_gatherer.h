#pragma once

// Gathers members with scores in any order and makes a sorted set of them in the end: cheaper
// than keeping them in order all the time.

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
  // Before any member: at least this many will come.
  void expect(std::size_t members) { members_.reserve(members); }

  // The current score of the member, which the caller may change; null if the member is new, in
  // which case it has got `score`.
  RankedMember* find_or_add(std::string_view member, double score);
  // A member that was not gathered before.
  void add(std::string_view member, double score);

  // Returns the set, which the caller now owns. Cost: O(n log n).
  SortedSet finish(const SortedSet::Limits& limits);

 private:
  void put(std::string_view member, std::uint64_t hash, double score);

  Table<RankedTraits> members_;
  std::size_t member_bytes_ = 0;
};

}  // namespace larder::types
