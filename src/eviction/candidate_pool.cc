#include "larder/eviction/candidate_pool.h"

#include <algorithm>

namespace larder::eviction {

void CandidatePool::forget(const Candidate& candidate) {
  for (std::size_t i = 0; i < size_; ++i) {
    if (candidates_[i].hash != candidate.hash || candidates_[i].db != candidate.db) continue;
    std::move(&candidates_[i] + 1, candidates_.data() + size_, &candidates_[i]);
    --size_;
    return;
  }
}

void CandidatePool::offer(const Candidate& candidate) {
  if (!would_take(candidate.score)) return;
  forget(candidate);
  Candidate* const end = candidates_.data() + size_;
  Candidate* const place =
      std::upper_bound(candidates_.data(), end, candidate.score,
                       [](std::int64_t score, const Candidate& c) { return score < c.score; });
  if (size_ < kMost) {
    std::move_backward(place, end, end + 1);
    *place = candidate;
    ++size_;
    return;
  }
  std::move(candidates_.data() + 1, place, candidates_.data());
  *(place - 1) = candidate;
}

}  // namespace larder::eviction
