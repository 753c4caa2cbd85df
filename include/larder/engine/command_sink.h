#pragma once

// Is told of every command that ran, after its reply was written: MONITOR. Not of administrators'
// commands, and not of those that only were queued.

#include "larder/engine/command_table.h"
#include "larder/engine/session.h"
#include "larder/resp/request.h"

namespace larder::engine {

class CommandSink {
 public:
  virtual ~CommandSink() = default;
  // The session stands in the database where the command left it.
  virtual void ran(const Session& session, const BoundCommand& command, resp::Args words) = 0;
};

}  // namespace larder::engine
