#pragma once

// The class under which an expires index holds an entry. A deadline that has passed already gets
// the class of the present: the sweeper's next pass looks at what has come due since those before
// it, and the deadline's own class would come up to 262 seconds later.

#include <algorithm>
#include <cstdint>

#include "larder/keyspace/tables.h"

namespace larder::keyspace {

inline std::uint8_t deadline_class(std::int64_t deadline_ms, std::int64_t now_ms) {
  return ExpiresTraits::tag_of(std::max(deadline_ms, now_ms));
}

// Adds an entry that comes due at `deadline_ms`.
template <typename Index>
void add_due(Index& index, Entry* entry, std::uint64_t hash, std::int64_t deadline_ms,
             std::int64_t now_ms) {
  index.insert(entry, hash);
  if (deadline_ms <= now_ms) index.retag(entry, hash, deadline_class(deadline_ms, now_ms));
}

}  // namespace larder::keyspace
