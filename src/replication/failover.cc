#include "larder/replication/failover.h"

#include <utility>

namespace larder::replication {
namespace {

// The pause ends with the failover.
constexpr std::int64_t kLongMs = std::int64_t{365} * 24 * 3600 * 1000;

constexpr const char* kNames[] = {"no-failover", "waiting-for-sync", "failover-in-progress"};

}  // namespace

void Failover::enter(State state) {
  state_ = state;
  parts_.metrics.master_failover_state = kNames[static_cast<std::size_t>(state)];
}

std::string Failover::wanted() const { return order_.host + ":" + std::to_string(order_.port); }

const Follower* Failover::find(const std::string& host, int port) const {
  for (const Follower* const each : parts_.replicas.all()) {
    if (each->ip() == host && each->description.port == port) return each;
  }
  return nullptr;
}

void Failover::begin(const Order& order) {
  order_ = order;
  ends_at_ms_.reset();
  if (order.timeout_ms > 0) ends_at_ms_ = parts_.clock.steady_ms() + order.timeout_ms;
  parts_.log.notice("FAILOVER requested to " + (order.host.empty() ? "any replica" : wanted()) +
                    ".");
  parts_.pause.begin(engine::Pause::Purpose::failover, engine::Pause::Extent::writes,
                     parts_.clock.steady_ms() + kLongMs);
  enter(State::waits_for_sync);
}

void Failover::abort(const std::string& why) {
  if (state_ == State::none) return;
  const bool was_in_progress = state_ == State::in_progress;
  parts_.log.notice("FAILOVER " + (order_.host.empty() ? "" : "to " + wanted() + " ") +
                    "aborted: " + why);
  enter(State::none);
  if (was_in_progress) parts_.replica.promote();
  parts_.pause.end(engine::Pause::Purpose::failover);
}

void Failover::beat() {
  if (state_ != State::waits_for_sync) return;
  const bool is_late = ends_at_ms_ && parts_.clock.steady_ms() >= *ends_at_ms_;
  for (const Follower* const each : parts_.replicas.all()) {
    const bool is_target = order_.host.empty() || each == find(order_.host, order_.port);
    if (!is_target || !each->is_online()) continue;
    if (each->acked() == parts_.history.offset()) {
      parts_.log.notice("Failover target " + each->name() + " is synced, failing over.");
      return hand_over(*each);
    }
    if (!is_late || !order_.forces) continue;
    parts_.log.notice("FAILOVER to " + each->name() + " time out exceeded, failing over.");
    return hand_over(*each);
  }
  if (is_late) abort("Replica never caught up before timeout");
}

void Failover::hand_over(const Follower& target) {
  enter(State::in_progress);
  const std::string host = target.ip();
  const auto port = static_cast<int>(target.description.port);
  parts_.replica.hand_over_to(host, port, *this);
}

void Failover::on_handover(bool accepted) {
  if (state_ != State::in_progress) return;
  if (!accepted) return abort("Failover target rejected psync request");
  enter(State::none);
  parts_.pause.end(engine::Pause::Purpose::failover);
}

}  // namespace larder::replication
