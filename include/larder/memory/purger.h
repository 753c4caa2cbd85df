#pragma once

// Returns the unused pages beside the page store to the system while the event loop goes on: for a
// gigabyte the system needs up to a tenth of a second.

#include <cstdint>

#include "larder/base/result.h"

namespace larder::memory {

class Purger {
 public:
  // Begins, unless it is at work already.
  virtual void start() = 0;
  // Waits at most `us` microseconds for its end; true if it is not at work.
  virtual bool wait(std::int64_t us) = 0;
  // Whether it could return them the last time.
  virtual const base::Result<void>& result() const = 0;

 protected:
  ~Purger() = default;
};

}  // namespace larder::memory
