#pragma once

// The class of an entry in an expires index. A deadline that has already passed gets the class of
// the present: the expiry cycle visits the classes that became due since its last pass, and would
// reach the deadline's own class up to 262 seconds later.

#include <algorithm>
#include <cstdint>

#include "larder/keyspace/tables.h"

namespace larder::keyspace {

inline std::uint8_t deadline_class(std::int64_t deadline_ms, std::int64_t now_ms) {
  return ExpiresTraits::tag_of(std::max(deadline_ms, now_ms));
}

// Adds an entry with the deadline `deadline_ms`.
template <typename Index>
void add_due(Index& index, Entry* entry, std::uint64_t hash, std::int64_t deadline_ms,
             std::int64_t now_ms) {
  index.insert(entry, hash);
  if (deadline_ms <= now_ms) index.retag(entry, hash, deadline_class(deadline_ms, now_ms));
}

}  // namespace larder::keyspace
