#pragma once

// Logs the stack of the server when it has not returned to its event loop for too long.

#include <cstdint>

namespace larder::process {

class Watchdog {
 public:
  Watchdog() = default;
  ~Watchdog() { period_ms(0); }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // watchdog-period; 0 turns it off. At least two periods of the heartbeat.
  void period_ms(std::int64_t period);
  // The event loop is running: starts the period again. Called with each heartbeat.
  void restart();

 private:
  std::int64_t period_ms_ = 0;
};

}  // namespace larder::process
