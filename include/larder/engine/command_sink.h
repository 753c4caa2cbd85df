#pragma once

// Is told of the commands that ran, once all is over: the reply stands in the output, and who
// listens to changes has heard of them. Nobody is asked while there is no sink.

#include "larder/engine/command_table.h"
#include "larder/engine/session.h"
#include "larder/resp/request.h"

namespace larder::engine {

class CommandSink {
 public:
  virtual ~CommandSink() = default;
  // For who shows commands (MONITOR): each once, those of a transaction as they run. Not
  // administrators' commands, and not those that only were queued. The session stands in the
  // database where the command left it.
  virtual void ran(const Session&, const BoundCommand&, resp::Args) {}
  // For who follows sessions: every command, also each time that one runs again which waited for
  // keys. Null: one was refused.
  virtual void over(Session&, const BoundCommand*, resp::Args) {}
};

}  // namespace larder::engine
