#pragma once

// Turns of the event loop within a turn, while a script runs for long.

#include "larder/engine/busy_host.h"
#include "larder/net/connections.h"
#include "larder/net/loop.h"

namespace larder::server {

class BusyTurns : public engine::BusyHost {
 public:
  BusyTurns(net::Loop& loop, net::Connections& connections)
      : loop_(loop), connections_(connections) {}

  void begin() override { connections_.begin_within(); }
  void serve() override {
    loop_.run_within();
    connections_.end_turn_within();
    if (loop_.is_stopped()) stopped();
  }
  void end() override { connections_.end_within(); }

 protected:
  ~BusyTurns() = default;

 private:
  // SHUTDOWN NOSAVE has stopped the loop; the script that is running may never end.
  virtual void stopped() = 0;

  net::Loop& loop_;
  net::Connections& connections_;
};

}  // namespace larder::server
