#pragma once

// Allocates and frees the single block of a parked command.

#include "larder/engine/waiting.h"

namespace larder::engine {

// Copies the words; the caller must take the places, one for each key.
ParkedCommand* make_parked(Session& session, BoundCommand& bound, resp::Args words,
                           const Wait& wait);
void release_parked(ParkedCommand* command);
// At the allocator's sizes.
std::size_t parked_bytes(const ParkedCommand& command);

}  // namespace larder::engine
