#pragma once

#include "ends.h"

namespace larder::commands {

// LMOVE and its kin.
struct MoveRequest {
  std::string_view source;
  std::string_view target;
  ListEnd from = ListEnd::tail;
  ListEnd to = ListEnd::head;
};
// Moves an element of the source that was found, and answers with it; false when the target is no
// list, which has been answered.
bool move_element(engine::Call& call, const types::ListLimits& limits, const MoveRequest& request,
                  const keyspace::Found<types::List>& source);

}  // namespace larder::commands
