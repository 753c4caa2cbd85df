#pragma once

// The best victims seen in the samples so far. What one sample found and did not need is kept
// for the next rounds, which makes a few keys per round come close to knowing them all.

#include <array>
#include <cstddef>
#include <cstdint>

namespace larder::eviction {

// A key that may go. It is remembered by the hash of its name and not by its address,
// because it may be moved, touched, changed or gone by the time its turn comes.
struct Candidate {
  std::int64_t score;  // Policy::score() when it was sampled
  std::uint64_t hash;
  int db;
};

class CandidatePool {
 public:
  // docs/benchmarks-eviction.md shows what other sizes give.
  static constexpr std::size_t kMost = 64;

  // Whether a candidate of this score would be kept, so that others need no hash.
  bool would_take(std::int64_t score) const {
    return size_ < kMost || score > candidates_[0].score;
  }
  // Keeps the candidate if there is room or a worse one to drop for it. One that is known
  // already takes the new score.
  void offer(const Candidate& candidate);

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  // Not when empty.
  const Candidate& best() const { return candidates_[size_ - 1]; }
  void drop_best() { --size_; }
  void clear() { size_ = 0; }

 private:
  void forget(const Candidate& candidate);

  // The first size_ are in use, in the order of their scores, the best last.
  std::array<Candidate, kMost> candidates_;
  std::size_t size_ = 0;
};

}  // namespace larder::eviction
