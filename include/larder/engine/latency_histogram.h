#pragma once

// How long something took, each time: a histogram whose buckets are 1/32 of a power of two wide,
// so that what it answers is at most 3 % too much. Times are kept apart from 1 ns to 68 s.
//
// A row of 32 buckets for each power of two, made when a time first falls into it; what a command
// needs is some 5 of them:
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

  // So many took `ns` each. Cost: two loads and an addition, once its row is there.
  void record(std::uint64_t ns, std::uint64_t times) {
    if (__builtin_expect(ns > kMostNs, 0)) ns = kMostNs;
    const std::size_t row = row_of(ns);
    if (__builtin_expect(rows_ == nullptr || (*rows_)[row] == nullptr, 0)) add_row(row);
    (*(*rows_)[row])[(ns >> shift_of(row)) % kBuckets] += times;
  }

  // All that the other recorded, too.
  void add(const LatencyHistogram& other);

  bool empty() const { return rows_ == nullptr; }
  // All that were recorded.
  std::uint64_t count() const { return count_below(kMostBits); }
  // Those that took less than 2^bits ns; bits from 5 on.
  std::uint64_t count_below(int bits) const;
  // A time that `percent` of all did not exceed, as the upper end of its bucket; 0 without any.
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
