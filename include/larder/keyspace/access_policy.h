#pragma once

// How maxmemory-policy records and reads the uses of entries.

#include <cstdint>

#include "larder/base/clock.h"
#include "larder/base/rng.h"
#include "larder/keyspace/access.h"
#include "larder/keyspace/entry.h"

namespace larder::keyspace {

struct Settings;

enum class AccessMode : std::uint8_t { lru, lfu };

// How the 24 access bits of an entry are written and read.
struct AccessPolicy {
  const base::Clock& clock;
  const Settings& settings;
  base::Rng& rng;
  AccessMode mode = AccessMode::lru;
  // False while a command of a client with NO-TOUCH runs.
  bool touching = true;

  std::uint32_t fresh() const;
  std::uint32_t used(std::uint32_t bits) const {
    return mode == AccessMode::lru ? LruStamp::now(clock.unix_ms()).bits() : counted(bits);
  }
  // Milliseconds since the last use; LRU mode only.
  std::int64_t idle_ms(const Entry& entry) const {
    return LruStamp(entry.access()).idle_ms(clock.unix_ms());
  }
  // The present counter; LFU mode only.
  std::uint8_t frequency(const Entry& entry) const;

 private:
  // used() in LFU mode.
  std::uint32_t counted(std::uint32_t bits) const;
};

}  // namespace larder::keyspace
