#pragma once

// A counter with a constant rate, for measuring commands without a system call.

#include <cstdint>
#if !defined(__x86_64__)
#include <chrono>
#endif

namespace larder::base {

// Cost: about 8 ns. Only differences are meaningful.
inline std::uint64_t cycles() {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#else
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

// Cycles per microsecond. Measured at the first call: over the time since the start, or over a few
// milliseconds of the steady clock if the start was too recent.
double cycles_per_us();

}  // namespace larder::base
