#include "larder/eviction/metrics.h"

#include "larder/base/numbers.h"
#include "larder/eviction/evictor.h"

namespace larder::eviction {

Metrics::Metrics(info::Reporter& reporter, const Settings& settings, const base::Clock& clock)
    : Group(reporter), settings_(settings), clock_(clock) {}

void Metrics::end_excess() {
  ended_excess_us_ += clock_.steady_us() - over_since_us_;
  over_since_us_ = kNever;
}

void Metrics::refresh() {
  const std::int64_t current_us =
      over_since_us_ == kNever ? 0 : clock_.steady_us() - over_since_us_;
  current_exceeded_ = current_us / 1000;
  total_exceeded_ = (ended_excess_us_ + current_us) / 1000;
  const std::int64_t limit = settings_.maxmemory.value();
  maxmemory_ = limit;
  maxmemory_human_ = base::print_human_bytes(static_cast<std::uint64_t>(limit));
  not_counted_ = bytes_not_counted_for_evict(memory::balance());
  policy_ = settings_.maxmemory_policy.print();
}

void Metrics::reset() {
  Group::reset();
  ended_excess_us_ = 0;
  if (over_since_us_ != kNever) over_since_us_ = clock_.steady_us();
}

}  // namespace larder::eviction
