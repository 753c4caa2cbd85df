#pragma once

#include "ends.h"
#include "larder/keyspace/keyspace.h"

namespace larder::commands {

// LMOVE and its variants.
struct MoveRequest {
  std::string_view source;
  std::string_view target;
  ListEnd from = ListEnd::tail;
  ListEnd to = ListEnd::head;
};
struct MoveTools {
  types::ListLimits limits;
  keyspace::ChangeLog& log;

  MoveTools(const types::Settings& settings, keyspace::Keyspace& keyspace)
      : limits(types::ListLimits::of(settings)), log(keyspace.log()) {}
};

// Moves an element of the source that was found, and replies with it; false if the target is not
// a list; the error has been sent.
bool move_element(engine::Call& call, const MoveTools& tools, const MoveRequest& request,
                  const keyspace::Found<types::List>& source);

}  // namespace larder::commands
