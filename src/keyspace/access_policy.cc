#include "larder/keyspace/access_policy.h"

#include "larder/keyspace/settings.h"

namespace larder::keyspace {

std::uint32_t AccessPolicy::fresh() const {
  return mode == AccessMode::lru ? LruStamp::now(clock.unix_ms()).bits()
                                 : LfuCounter::fresh(clock.unix_ms()).bits();
}

std::uint32_t AccessPolicy::counted(std::uint32_t bits) const {
  return LfuCounter(bits)
      .used(clock.unix_ms(), settings.lfu_decay_time.value(), settings.lfu_log_factor.value(), rng)
      .bits();
}

std::uint8_t AccessPolicy::frequency(const Entry& entry) const {
  return LfuCounter(entry.access()).count(clock.unix_ms(), settings.lfu_decay_time.value());
}

}  // namespace larder::keyspace
