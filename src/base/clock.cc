#include "larder/base/clock.h"

#include <ctime>

namespace larder::base {

namespace {

std::int64_t now_us(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

}  // namespace

std::int64_t SystemClock::steady_now_us() const { return now_us(CLOCK_MONOTONIC); }

void SystemClock::tick_now() {
  unix_us_ = now_us(CLOCK_REALTIME);
  steady_us_ = now_us(CLOCK_MONOTONIC);
}

}  // namespace larder::base
