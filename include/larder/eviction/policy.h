#pragma once

// The value of maxmemory-policy: which keys may be evicted, and in which order.

#include <cstdint>
#include <string_view>

#include "larder/keyspace/entry.h"
#include "larder/keyspace/keyspace.h"

namespace larder::eviction {

// Which keys may be evicted.
enum class Victims : std::uint8_t { none, all_keys, keys_with_deadline };

// Which of them are evicted first.
enum class Order : std::uint8_t { least_recent, least_frequent, soonest_deadline, random };

struct Policy {
  Victims victims = Victims::none;
  Order order = Order::random;

  // The policy with that name, such as "allkeys-lru"; asserts that it exists.
  static Policy named(std::string_view name);

  // What the entries' access bits must record for this policy. All except the LFU policies record
  // the time of the last use, which OBJECT IDLETIME shows even if nothing is evicted.
  keyspace::AccessMode access_mode() const {
    return order == Order::least_frequent ? keyspace::AccessMode::lfu : keyspace::AccessMode::lru;
  }

  // The priority of the entry for eviction: higher scores are evicted first. The score of an unused
  // entry does not change (except by LFU's decay), so scores from different times can be compared:
  // minus the time of the last use, 255 minus the use counter, or minus the deadline. A key whose
  // deadline has passed precedes all others. Not for Order::random.
  std::int64_t score(const keyspace::Entry& entry, const keyspace::AccessPolicy& access) const;

  friend bool operator==(const Policy&, const Policy&) = default;
};

}  // namespace larder::eviction
