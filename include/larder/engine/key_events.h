#pragma once

#include "larder/keyspace/events.h"

namespace larder::engine {

// Whether an event changes the content of the key. WATCH and clients that cache the value ignore
// changes of a stream's groups and of the ID that it counts on from.
inline bool concerns_key(keyspace::Event event) {
  return keyspace::row(event).scope != keyspace::Scope::groups;
}

}  // namespace larder::engine
