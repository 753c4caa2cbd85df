#include "larder/engine/latency_histogram.h"

#include <algorithm>
#include <cmath>

namespace larder::engine {
namespace {

constexpr auto kOwner = memory::Owner::statistics;

}  // namespace

void LatencyHistogram::add_row(std::size_t row) {
  if (rows_ == nullptr) rows_ = memory::make<Rows>(kOwner, Rows{});
  (*rows_)[row] = memory::make<Row>(kOwner, Row{});
}

void LatencyHistogram::add(const LatencyHistogram& other) {
  for (std::size_t row = 0; other.rows_ != nullptr && row < kRows; ++row) {
    const Row* const added = (*other.rows_)[row];
    if (added == nullptr) continue;
    if (rows_ == nullptr || (*rows_)[row] == nullptr) add_row(row);
    for (std::size_t i = 0; i < kBuckets; ++i) (*(*rows_)[row])[i] += (*added)[i];
  }
}

void LatencyHistogram::clear() {
  if (rows_ == nullptr) return;
  for (Row* row : *rows_) {
    if (row != nullptr) memory::destroy(kOwner, row);
  }
  memory::destroy(kOwner, rows_);
  rows_ = nullptr;
}

std::uint64_t LatencyHistogram::count_below(int bits) const {
  if (rows_ == nullptr) return 0;
  std::uint64_t sum = 0;
  const auto rows = std::min(kRows, static_cast<std::size_t>(bits - kBucketBits + 1));
  for (std::size_t i = 0; i < rows; ++i) {
    if ((*rows_)[i] == nullptr) continue;
    for (const std::uint64_t bucket : *(*rows_)[i]) sum += bucket;
  }
  return sum;
}

std::uint64_t LatencyHistogram::at_percentile(double percent) const {
  if (rows_ == nullptr) return 0;
  const double share = std::clamp(percent, 0.0, 100.0) / 100;
  const auto wanted = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count()) - 1e-6)));
  std::uint64_t sum = 0;
  for (std::size_t row = 0; row < kRows; ++row) {
    if ((*rows_)[row] == nullptr) continue;
    for (std::size_t i = 0; i < kBuckets; ++i) {
      sum += (*(*rows_)[row])[i];
      if (sum < wanted) continue;
      const std::uint64_t bucket = row == 0 ? i : kBuckets + i;
      return ((bucket + 1) << shift_of(row)) - 1;
    }
  }
  return 0;
}

std::size_t LatencyHistogram::held_bytes() const {
  if (rows_ == nullptr) return 0;
  const auto made = std::count_if(rows_->begin(), rows_->end(), [](Row* row) { return row; });
  return memory::size_class(sizeof(Rows)) +
         static_cast<std::size_t>(made) * memory::size_class(sizeof(Row));
}

}  // namespace larder::engine
