#pragma once

namespace larder::base {

// Prefetches a cache line. The compiler treats a function that only calls __builtin_prefetch as
// one without effect and removes its calls; it does not remove this one.
inline void prefetch(const void* address) {
  __builtin_prefetch(address);
  asm volatile("");
}

}  // namespace larder::base
