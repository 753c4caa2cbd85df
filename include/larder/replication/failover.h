#pragma once

// FAILOVER: hands the role of the primary to a replica. Writes are paused until the replica has the
// whole stream; then this server asks it to take over (PSYNC ... FAILOVER) and follows it.

#include <cstdint>
#include <optional>
#include <string>

#include "larder/base/clock.h"
#include "larder/base/log.h"
#include "larder/engine/pause.h"
#include "larder/replication/history.h"
#include "larder/replication/metrics.h"
#include "larder/replication/replica.h"
#include "larder/replication/replicas.h"

namespace larder::replication {

class Failover final : private HandoverUser {
 public:
  struct Parts {
    const base::Clock& clock;
    base::Log& log;
    const History& history;
    Replicas& replicas;
    Replica& replica;
    engine::Pause& pause;
    Metrics& metrics;
  };
  explicit Failover(const Parts& parts) : parts_(parts) {}

  struct Order {
    std::string host;  // empty: the first replica that has everything
    int port = 0;
    std::int64_t timeout_ms = 0;  // 0: waits as long as it takes
    bool forces = false;          // hands over when the time is over, too
  };
  enum class State : std::uint8_t { none, waits_for_sync, in_progress };

  State state() const { return state_; }
  // A replica that is online at this place; null: there is none, or it is not online.
  const Follower* find(const std::string& host, int port) const;
  void begin(const Order& order);
  // Writes continue; a server that took over already is not followed.
  void abort(const std::string& why);
  // Some times a second.
  void beat();

 private:
  void enter(State state);
  std::string wanted() const;  // the replica that was asked for
  void hand_over(const Follower& target);
  void on_handover(bool accepted) override;

  const Parts parts_;
  State state_ = State::none;
  Order order_;
  std::optional<std::int64_t> ends_at_ms_;
};

}  // namespace larder::replication
