#pragma once

// 24 bits in each entry record its use: when it was last read (LRU policies), or how often recently
// (LFU policies). maxmemory-policy decides which; both are values without any clock or random
// source of their own.

#include <cstdint>

#include "larder/base/rng.h"

namespace larder::keyspace {

// When an entry was last used. A stamp is 1 bit of scale and 23 bits of time:
//
//   fine    units of 4 ms, wraps after 9.3 hours
//   coarse  units of 4.096 s, wraps after 397 days
//
// Touching writes a fine stamp, so that keys are ordered even in a cache that is replaced within a
// second. A stamp older than kFineMs must be made coarse (aged()) before it wraps; the expiry and
// eviction rooms do so for every entry they visit, and a slow walk for the rest.
class LruStamp {
 public:
  static constexpr std::int64_t kFineMs = 2 * 3600 * 1000;
  static constexpr std::int64_t kWrapMs = std::int64_t{4} << 23;

  explicit LruStamp(std::uint32_t bits) : bits_(bits) {}
  static LruStamp now(std::int64_t unix_ms) {
    return LruStamp(static_cast<std::uint32_t>(unix_ms >> 2) & kTimeMask);
  }
  // The stamp of an entry that was last used `idle_ms` ago.
  static LruStamp idle_since(std::int64_t unix_ms, std::int64_t idle_ms) {
    return idle_ms < kFineMs ? now(unix_ms - idle_ms) : coarse(unix_ms - idle_ms);
  }

  std::uint32_t bits() const { return bits_; }

  std::int64_t idle_ms(std::int64_t unix_ms) const {
    const unsigned shift = is_coarse() ? 12 : 2;
    const auto current = static_cast<std::uint32_t>(unix_ms >> shift) & kTimeMask;
    return static_cast<std::int64_t>((current - bits_) & kTimeMask) << shift;
  }

  // The same time, as a coarse stamp if it is old enough.
  LruStamp aged(std::int64_t unix_ms) const {
    if (is_coarse()) return *this;
    const std::int64_t idle = idle_ms(unix_ms);
    return idle < kFineMs ? *this : coarse(unix_ms - idle);
  }

 private:
  static constexpr std::uint32_t kTimeMask = (1u << 23) - 1;
  static constexpr std::uint32_t kCoarseBit = 1u << 23;

  bool is_coarse() const { return (bits_ & kCoarseBit) != 0; }
  static LruStamp coarse(std::int64_t unix_ms) {
    return LruStamp((static_cast<std::uint32_t>(unix_ms >> 12) & kTimeMask) | kCoarseBit);
  }

  std::uint32_t bits_;
};

// How often an entry was used recently: 16 bits of minutes (when the counter last decayed) above an
// 8-bit logarithmic counter.
class LfuCounter {
 public:
  static constexpr std::uint8_t kStart = 5;

  explicit LfuCounter(std::uint32_t bits) : bits_(bits) {}
  static LfuCounter fresh(std::int64_t unix_ms, std::uint8_t count = kStart) {
    return LfuCounter((minutes(unix_ms) << 8) | count);
  }

  std::uint32_t bits() const { return bits_; }

  // The present counter: less one for every `decay_minutes` since it was last written; 0 never
  // decays.
  std::uint8_t count(std::int64_t unix_ms, std::int64_t decay_minutes) const {
    const auto counter = static_cast<std::uint8_t>(bits_ & 0xff);
    if (decay_minutes == 0) return counter;
    const std::uint32_t elapsed = (minutes(unix_ms) - (bits_ >> 8)) & 0xffff;
    const auto periods = elapsed / static_cast<std::uint64_t>(decay_minutes);
    return periods >= counter ? 0 : static_cast<std::uint8_t>(counter - periods);
  }

  // The bits after one more use: decayed, then incremented with probability 1 / ((count - 5) *
  // factor + 1).
  LfuCounter used(std::int64_t unix_ms, std::int64_t decay_minutes, std::int64_t log_factor,
                  base::Rng& rng) const {
    std::uint8_t counter = count(unix_ms, decay_minutes);
    if (counter < 255) {
      const int above = counter > kStart ? counter - kStart : 0;
      if (rng.unit() * static_cast<double>(above * log_factor + 1) < 1.0) ++counter;
    }
    return fresh(unix_ms, counter);
  }

 private:
  static std::uint32_t minutes(std::int64_t unix_ms) {
    return static_cast<std::uint32_t>(unix_ms / 60'000) & 0xffff;
  }

  std::uint32_t bits_;
};

}  // namespace larder::keyspace
