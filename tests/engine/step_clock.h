#pragma once

// A clock that advances at each reading, so that budgets end after a known number of steps.

#include <cstdint>

#include "larder/base/clock.h"

namespace larder::engine {

template <std::int64_t kUs>
struct StepClock final : base::Clock {
  static constexpr std::int64_t kStepUs = kUs;

  StepClock() { steady_us_ = now_us; }
  void tick() override { steady_us_ = now_us; }
  std::int64_t steady_now_us() const override { return now_us += kUs; }
  mutable std::int64_t now_us = 1'000'000;
};

}  // namespace larder::engine
