#pragma once

// The checks that each connection gets about once a second: idle for longer than `timeout`, stuck,
// late with its handshake, or with too much unsent output for too long.

#include <cstddef>
#include <cstdint>

#include "connection_list.h"
#include "larder/base/budget.h"
#include "larder/net/connections.h"

namespace larder::net {

class Handshakes;
class Sender;

class PeriodicCheck {
 public:
  PeriodicCheck(const Connections::Parts& parts, ConnectionList& list, Sender& sender,
                Handshakes& handshakes)
      : parts_(parts), list_(list), sender_(sender), handshakes_(handshakes) {}

  // Checks a part of the connections, so that so many calls check all; fewer if the budget is
  // spent.
  void run(std::size_t calls, base::Budget budget);

 private:
  // A connection that sends requests but does not read the replies, so that neither side makes
  // progress, is closed after this time, or after `timeout` if that is set.
  static constexpr std::int64_t kMostStuckMs = 60'000;

  void check(Connection& connection, std::int64_t now_ms);
  void check_closing(Connection& connection, std::int64_t now_ms);
  bool is_late_with_handshake(const Connection& connection, std::int64_t now_ms);
  bool is_stuck(const Connection& connection, std::int64_t now_ms);
  bool is_idle(Connection& connection, std::int64_t now_ms);
  std::int64_t timeout_ms() const { return parts_.settings.clients.timeout.value() * 1000; }

  const Connections::Parts& parts_;
  ConnectionList& list_;
  Sender& sender_;
  Handshakes& handshakes_;
};

}  // namespace larder::net
