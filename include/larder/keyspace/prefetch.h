#pragma once

#include <cstdint>

#include "larder/base/prefetch.h"
#include "larder/keyspace/entry.h"

namespace larder::keyspace {

// Fetches the first bytes of the value's storage into the cache; reads the entry.
inline void prefetch_storage(const Entry& entry) {
  constexpr std::uintptr_t kTag = 7;
  if (entry.form() != Form::storage) return;
  const auto address = reinterpret_cast<std::uintptr_t>(entry.storage()) & ~kTag;
  base::prefetch(reinterpret_cast<const void*>(address));
}

}  // namespace larder::keyspace
