#pragma once

#include "ends.h"

namespace larder::commands {

// LMOVE and its variants.
struct MoveRequest {
  std::string_view source;
  std::string_view target;
  ListEnd from = ListEnd::tail;
  ListEnd to = ListEnd::head;
};

// Moves an element of the source that was found, and replies with it; false if the target is not a
// list (the error has been sent), or if there is no room for the reply.
bool move_element(engine::Call& call, const types::ListLimits& limits, const MoveRequest& request,
                  const keyspace::Found<types::List>& source);

}  // namespace larder::commands
