#pragma once

// Connections whose handshakes can continue, in the order in which they became ready. A turn gives
// them a bounded time, so that many new connections delay the existing ones by no more than that;
// the loop never waits for these connections.

#include <cstddef>
#include <cstdint>

#include "connection_queue.h"
#include "larder/base/clock.h"

namespace larder::net {

class Handshakes {
 public:
  // The time in one turn. At least one step is made, which takes up to about a millisecond by
  // itself.
  static constexpr std::int64_t kMostUs = 1000;
  static constexpr int kMostSteps = 32;
  // A connection whose handshake takes longer is disconnected.
  static constexpr std::int64_t kDeadlineMs = 10'000;

  ConnectionQueue line;

  void run(const base::Clock& clock);
};

}  // namespace larder::net
