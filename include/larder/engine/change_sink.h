#pragma once

#include <span>

#include "larder/keyspace/change_log.h"

namespace larder::engine {

// Reads what a command changed, after it ran. Sinks are called in the order in which they were
// added and must not change the keyspace: that ends the process (ChangeLog::read).
class ChangeSink {
 public:
  virtual ~ChangeSink() = default;
  virtual void read(std::span<const keyspace::Change> changes) = 0;
};

}  // namespace larder::engine
