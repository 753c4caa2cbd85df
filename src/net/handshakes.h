#pragma once

// Connections whose handshakes can continue, in the order in which they became ready. A turn gives
// them a bounded time, so that many new connections delay the existing ones by no more than that;
// the loop never waits for these connections.

#include <cstddef>
#include <cstdint>
#include <string>

#include "connection_queue.h"
#include "larder/base/clock.h"
#include "larder/base/log.h"

namespace larder::net {

class Handshakes {
 public:
  // What each connection stores for the handshakes.
  struct Slot {
    ConnectionQueue::Place place = ConnectionQueue::kNowhere;
  };
  // A connection whose handshake takes longer is disconnected.
  static constexpr std::int64_t kDeadlineMs = 10'000;

  Handshakes(const base::Clock& clock, base::Log& log) : clock_(clock), log_(log) {}

  // The connection can make the next step.
  void queue(Connection& connection);
  void forget(Connection& connection);
  void run();
  // Logs it. A client may try any number of handshakes, so of many in a second only the number is
  // logged.
  void note_failure(const std::string& what);

  bool empty() const { return queue_.empty(); }
  std::size_t held_bytes() const { return queue_.held_bytes(); }

 private:
  // The time in one turn. At least one step is made, which takes up to about a millisecond by
  // itself.
  static constexpr std::int64_t kMostUs = 1000;
  static constexpr int kMostSteps = 32;

  const base::Clock& clock_;
  base::Log& log_;
  ConnectionQueue queue_;
  std::int64_t failures_since_ms_ = 0;  // the second in which they are counted
  std::size_t failures_ = 0;
};

}  // namespace larder::net
