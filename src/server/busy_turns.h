#pragma once

// Turns of the event loop within a turn, while a script runs for long.

#include "larder/engine/busy_host.h"
#include "larder/net/connections.h"
#include "larder/net/loop.h"
#include "larder/server/core.h"

namespace larder::server {

class BusyTurns : public engine::BusyHost {
 public:
  BusyTurns(net::Loop& loop, net::Connections& connections, Core& core)
      : loop_(loop), connections_(connections), core_(core) {}

  void begin() override { connections_.begin_within(); }
  void serve() override {
    loop_.run_within();
    core_.executor.serve_reached();
    core_.background_snapshot.run(kSnapshotUs);
    connections_.end_turn_within();
    if (loop_.is_stopped()) stopped();
  }
  void end() override { connections_.end_within(); }

 protected:
  ~BusyTurns() = default;

 private:
  // SHUTDOWN NOSAVE has stopped the loop; the script that is running may never end.
  virtual void stopped() = 0;

  // The most time of a snapshot in one such turn. It takes less, as when clients keep the loop
  // busy.
  static constexpr std::int64_t kSnapshotUs = 500;

  net::Loop& loop_;
  net::Connections& connections_;
  Core& core_;
};

}  // namespace larder::server
