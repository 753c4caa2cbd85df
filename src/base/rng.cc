#include "larder/base/rng.h"

#include <sys/random.h>

#include <cerrno>

#include "larder/base/assert.h"

namespace larder::base {

// Spread by splitmix64 (Steele, Lea and Flood 2014), so that similar seeds give unrelated
// states and none is all zeros.
Rng::Rng(std::uint64_t seed) {
  for (std::uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15;
    std::uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    word = z ^ (z >> 31);
  }
}

void random_secret(std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    LARDER_ASSERT(got > 0);
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace larder::base
