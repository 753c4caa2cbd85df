#pragma once

// Serves other clients while one command, a script, runs for very long: turns of the event loop
// within the turn in which the command runs. While the gate `busy` is closed, only commands run
// that touch no data.

namespace larder::engine {

class BusyHost {
 public:
  // The command runs for long. Session::keep_still() must have been called for its client.
  virtual void begin() = 0;
  // One such turn, without a wait. Does not return if it ends the process.
  virtual void serve() = 0;
  // The command is over.
  virtual void end() = 0;

 protected:
  ~BusyHost() = default;
};

}  // namespace larder::engine
