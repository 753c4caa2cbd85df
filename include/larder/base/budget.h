#pragma once

// A time limit for a piece of background work. Work in small steps and call `spent()` between
// them; only every few calls read the clock.

#include <cstdint>
#include <limits>

#include "larder/base/clock.h"

namespace larder::base {

class Budget {
 public:
  // Ends `us` microseconds from now.
  Budget(const Clock& clock, std::int64_t us)
      : clock_(&clock), deadline_us_(clock.steady_now_us() + us) {}

  // Never ends; for shutdown and tests.
  static Budget unlimited() { return Budget(); }
  bool is_unlimited() const { return clock_ == nullptr; }

  // The time that is left, not below 0.
  std::int64_t left_us() const {
    if (clock_ == nullptr) return std::numeric_limits<std::int64_t>::max();
    const std::int64_t left = deadline_us_ - clock_->steady_now_us();
    return left > 0 ? left : 0;
  }

  // True when the time is over. `stride` is how many cheap steps may pass between two readings
  // of the clock; 1 when a step can take microseconds.
  bool spent(std::uint32_t stride = 1) {
    if (clock_ == nullptr || ++asked_ < stride) return false;
    asked_ = 0;
    return clock_->steady_now_us() >= deadline_us_;
  }

 private:
  Budget() = default;

  const Clock* clock_ = nullptr;
  std::int64_t deadline_us_ = 0;
  std::uint32_t asked_ = 0;
};

}  // namespace larder::base
