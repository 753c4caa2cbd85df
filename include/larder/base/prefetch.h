#pragma once

namespace larder::base {

// Sets out for a cache line. The compiler takes a function that does nothing but
// __builtin_prefetch for one without effect, and leaves out its calls; this one it keeps.
inline void prefetch(const void* address) {
  __builtin_prefetch(address);
  asm volatile("");
}

}  // namespace larder::base
