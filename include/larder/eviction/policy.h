#pragma once

// What maxmemory-policy says, as a value: which keys may go, and which of them first.

#include <cstdint>
#include <string_view>

#include "larder/keyspace/entry.h"
#include "larder/keyspace/keyspace.h"

namespace larder::eviction {

// Which keys may go.
enum class Victims : std::uint8_t { none, all_keys, keys_with_deadline };

// Which of them go first.
enum class Order : std::uint8_t { least_recent, least_frequent, soonest_deadline, random };

struct Policy {
  Victims victims = Victims::none;
  Order order = Order::random;

  // The policy of that name, such as "allkeys-lru"; asserts that there is one.
  static Policy named(std::string_view name);

  // What the entries' access bits must record for this policy. All but the LFU policies keep
  // the time of the last use, which OBJECT IDLETIME tells even where nothing is evicted.
  keyspace::AccessMode access_mode() const {
    return order == Order::least_frequent ? keyspace::AccessMode::lfu : keyspace::AccessMode::lru;
  }

  // How soon the entry should go compared with others: the higher, the sooner. Scores do not
  // move while an entry stays unused (but for LFU's decay), so those taken at different times
  // compare: minus the time of its last use, 255 less its use counter, or minus its deadline.
  // A key whose deadline has passed comes before all others. Not for Order::random.
  std::int64_t score(const keyspace::Entry& entry, const keyspace::AccessPolicy& access) const;

  friend bool operator==(const Policy&, const Policy&) = default;
};

}  // namespace larder::eviction
