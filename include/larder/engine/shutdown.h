#pragma once

// How the process is asked to end, by SHUTDOWN or by a signal.

#include "larder/base/result.h"

namespace larder::engine {

struct ShutdownOptions {
  bool save = false;
  bool nosave = false;
  bool now = false;    // without waiting for replicas
  bool force = false;  // even when the data cannot be saved
};

class Shutdown {
 public:
  // Ends the process after this turn. An error is the reason why it goes on, for the log.
  virtual base::Result<void> begin(const ShutdownOptions& options) = 0;
  // Takes a shutdown back that still waits; false when none does.
  virtual bool abort() = 0;

 protected:
  ~Shutdown() = default;
};

}  // namespace larder::engine
