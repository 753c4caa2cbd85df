#pragma once

// Connections whose handshakes can go on, in the order in which they became able to. A turn gives
// them a bounded time, so that a rush of newcomers costs those who are already in no more than
// that; nobody who stands here is waited for by the loop.

#include <cstddef>
#include <cstdint>

#include "larder/base/clock.h"
#include "waiting_line.h"

namespace larder::net {

class Handshakes {
 public:
  // What one turn may spend. At least one step is made, which takes up to a millisecond or so by
  // itself.
  static constexpr std::int64_t kMostUs = 1000;
  static constexpr int kMostSteps = 32;
  // Who has not finished by then is disconnected.
  static constexpr std::int64_t kDeadlineMs = 10'000;

  WaitingLine line;

  void run(const base::Clock& clock);
};

}  // namespace larder::net
