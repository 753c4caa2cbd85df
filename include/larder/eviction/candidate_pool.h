#pragma once

// The best candidates of the samples so far. Those that one round found and did not need are kept
// for the next rounds, so a few samples in each round give nearly the result of sampling all keys.

#include <array>
#include <cstddef>
#include <cstdint>

namespace larder::eviction {

// A key that may be evicted. It is identified by the hash of its name and not by its address,
// because it may be moved, touched, changed or removed before it is evicted.
struct Candidate {
  std::int64_t score;  // Policy::score() when it was sampled
  std::uint64_t hash;
  int db;
};

class CandidatePool {
 public:
  // docs/benchmarks-eviction.md shows what other sizes give.
  static constexpr std::size_t kMost = 64;

  // Whether a candidate of this score would be kept; the hash of others need not be computed.
  bool would_take(std::int64_t score) const {
    return size_ < kMost || score > candidates_[0].score;
  }
  // Keeps the candidate if there is room or a worse one to drop for it. If it is already in the
  // pool, its score is updated.
  void offer(const Candidate& candidate);

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  // The pool must not be empty.
  const Candidate& best() const { return candidates_[size_ - 1]; }
  void drop_best() { --size_; }
  void clear() { size_ = 0; }

 private:
  void forget(const Candidate& candidate);

  // The first size_ are in use, sorted by score, the best last.
  std::array<Candidate, kMost> candidates_;
  std::size_t size_ = 0;
};

}  // namespace larder::eviction
