#pragma once

#include "larder/keyspace/change_log.h"

namespace larder::engine {

// Whether an event is its key's own. What happens to a stream's groups is not, nor is where the
// stream will go on counting: neither WATCH nor who keeps a copy of the value is concerned.
inline bool concerns_key(const keyspace::Event& event) {
  constexpr char kStreamEvent = 't';
  if (event.kind != kStreamEvent) return true;
  return !event.name.empty() && !event.name.starts_with("xgroup") && event.name != "xsetid";
}

}  // namespace larder::engine
