#pragma once

// Commands with many keys look them up in stages, so that the cache misses of a group are
// under way together: hash and fetch the buckets, fetch the entries, then do the work.

#include <algorithm>
#include <array>
#include <cstddef>

#include "larder/engine/call.h"

namespace larder::commands {

// Calls fn(key, index) for the arguments `first`, `first + step`, ... in their order.
template <typename Fn>
void for_each_key(engine::Call& call, std::size_t first, std::size_t step, Fn&& fn) {
  constexpr std::size_t kGroup = 16;
  std::array<keyspace::Key, kGroup> group;
  for (std::size_t at = first; at < call.size(); at += step * kGroup) {
    const std::size_t count = std::min(kGroup, (call.size() - at + step - 1) / step);
    for (std::size_t i = 0; i < count; ++i) {
      group[i] = keyspace::Key::of(call.arg(at + i * step));
      call.db.prefetch(group[i].hash);
    }
    if (count > 1) {
      for (std::size_t i = 0; i < count; ++i) call.db.prefetch_entry(group[i].hash);
    }
    for (std::size_t i = 0; i < count; ++i) fn(group[i], at + i * step);
  }
}

}  // namespace larder::commands
