#pragma once

// A histogram of durations. Its buckets are 1/32 of a power of two wide, so its results are at most
// 3 % too large. Durations from 1 ns to 68 s are distinguished.
//
// A row of 32 buckets for each power of two, allocated when a duration first falls into it; a
// command needs about 5 of them:
//
//   rows --> | 0-31 ns | 32-63 ns | 64-127 ns | ... | 34-68 s |
//                 |         |
//              32 x 1 ns  32 x 1 ns  32 x 2 ns ...

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "larder/memory/heap.h"

namespace larder::engine {

class LatencyHistogram {
 public:
  static constexpr int kMostBits = 36;
  static constexpr std::uint64_t kMostNs = (std::uint64_t{1} << kMostBits) - 1;

  LatencyHistogram() = default;
  ~LatencyHistogram() { clear(); }
  LatencyHistogram(LatencyHistogram&& other) noexcept
      : rows_(std::exchange(other.rows_, nullptr)) {}
  LatencyHistogram& operator=(LatencyHistogram&& other) noexcept {
    std::swap(rows_, other.rows_);
    return *this;
  }

  // Adds `count` durations of `ns` each. Cost: two loads and an addition, if the row exists.
  void record(std::uint64_t ns, std::uint64_t times) {
    if (__builtin_expect(ns > kMostNs, 0)) ns = kMostNs;
    const std::size_t row = row_of(ns);
    if (__builtin_expect(rows_ == nullptr || (*rows_)[row] == nullptr, 0)) add_row(row);
    (*(*rows_)[row])[(ns >> shift_of(row)) % kBuckets] += times;
  }

  // Adds all durations of the other histogram.
  void add(const LatencyHistogram& other);

  bool empty() const { return rows_ == nullptr; }
  // The number of durations.
  std::uint64_t count() const { return count_below(kMostBits); }
  // The number of durations below 2^bits ns; bits from 5 on.
  std::uint64_t count_below(int bits) const;
  // The duration that `percent` of all did not exceed, as the upper end of its bucket; 0 if empty.
  std::uint64_t at_percentile(double percent) const;

  void clear();
  // At the allocator's sizes, charged to statistics.
  std::size_t held_bytes() const;

 private:
  static constexpr int kBucketBits = 5;
  static constexpr std::size_t kBuckets = 1u << kBucketBits;
  static constexpr std::size_t kRows = kMostBits - kBucketBits + 1;
  using Row = std::array<std::uint64_t, kBuckets>;
  using Rows = std::array<Row*, kRows>;

  static std::size_t row_of(std::uint64_t ns) {
    return static_cast<std::size_t>(std::bit_width(ns | (kBuckets - 1))) - kBucketBits;
  }
  static std::size_t shift_of(std::size_t row) { return row == 0 ? 0 : row - 1; }
  void add_row(std::size_t row);

  Rows* rows_ = nullptr;
};

}  // namespace larder::engine
