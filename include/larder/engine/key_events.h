#pragma once

#include "larder/keyspace/events.h"

namespace larder::engine {

// Whether an event changes what the key holds. Neither WATCH nor a client that keeps a copy of the
// value is concerned by a change to a stream's groups or to the ID that it counts on from.
inline bool concerns_key(keyspace::Event event) {
  return keyspace::row(event).scope != keyspace::Scope::groups;
}

}  // namespace larder::engine
