#pragma once

// Is called for commands that ran, when they are completely over: the reply is in the output, and
// listeners have read the changes. Without a sink there is no call.

#include "larder/engine/command_table.h"
#include "larder/engine/session.h"
#include "larder/resp/request.h"

namespace larder::engine {

class CommandSink {
 public:
  virtual ~CommandSink() = default;
  // For a display of commands (MONITOR): each command once, those of a transaction as they run.
  // Without administrators' commands, and without those that were only queued. The session is in
  // the database that the command selected.
  virtual void ran(const Session&, const BoundCommand&, resp::Args) {}
  // For the state of sessions: every command, also each new run of one that waited for keys. Null:
  // a command was refused.
  virtual void over(Session&, const BoundCommand*, resp::Args) {}
};

}  // namespace larder::engine
