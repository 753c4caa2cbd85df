#pragma once

#include <time.h>

#include <cstdint>

namespace larder::persistence {

// Waits so many microseconds; if `delay` is negative, one microsecond at every -delay-th call.
inline void delay_key(std::int64_t delay, std::uint64_t& calls) {
  if (delay == 0) return;
  if (delay < 0 && ++calls % static_cast<std::uint64_t>(-delay) != 0) return;
  const std::int64_t us = delay < 0 ? 1 : delay;
  const timespec pause{us / 1'000'000, us % 1'000'000 * 1000};
  ::nanosleep(&pause, nullptr);
}

}  // namespace larder::persistence
