#include "larder/replication/replicas_metrics.h"

#include <string>

#include "sync_payload.h"

namespace larder::replication {

std::string_view state_name(const Follower& replica) {
  switch (replica.state()) {
    // While it is sent, the snapshot is still being written.
    case Follower::State::receives:
      return replica.payload()->is_streamed() ? "wait_bgsave" : "send_bulk";
    case Follower::State::online:
    case Follower::State::leaves:
      return "online";
    default:
      return "wait_bgsave";
  }
}

void ReplicasMetrics::refresh() {
  metrics_.connected_slaves = static_cast<std::int64_t>(replicas_.size());
  metrics_.repl_spilled_bytes = static_cast<std::int64_t>(replicas_.spilled_bytes());
  metrics_.repl_backlog_active = feed_.has_begun() ? 1 : 0;
  std::string good;
  if (settings_.min_replicas_to_write.value() > 0 && settings_.min_replicas_max_lag.value() > 0) {
    good = "min_slaves_good_slaves:" + std::to_string(replicas_.good()) + "\r\n";
  }
  good_ = std::move(good);
  std::string lines;
  std::size_t number = 0;
  for (const Follower* const replica : replicas_.all()) {
    const std::int64_t lag_s = replica->is_online() ? replica->lag_s() : 0;
    lines += "slave" + std::to_string(number++) + ":ip=" + replica->ip() +
             ",port=" + std::to_string(replica->description.port) +
             ",state=" + std::string(state_name(*replica)) +
             ",offset=" + std::to_string(replica->acked()) + ",lag=" + std::to_string(lag_s) +
             "\r\n";
  }
  lines_ = std::move(lines);
}

}  // namespace larder::replication
