#pragma once

// A counter that runs at a constant rate, for measuring commands without asking the system.

#include <cstdint>
#if !defined(__x86_64__)
#include <chrono>
#endif

namespace larder::base {

// Cost: about 8 ns. Only differences mean anything.
inline std::uint64_t cycles() {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#else
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

// How many of them make a microsecond; measured once, at the first call, over a few
// milliseconds of the steady clock unless the time since start-up already tells.
double cycles_per_us();

}  // namespace larder::base
