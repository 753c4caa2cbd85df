#include "heartbeat.h"

#include <algorithm>

namespace larder::server {

std::int64_t SweepTimer::on_time() {
  if (!core_.cron.paused) {
    core_.observer.watch(engine::LatencyEvent::expire_cycle,
                         [this] { return core_.sweeper.run_fast(); });
    core_.executor.settle_background();
  }
  return std::clamp<std::int64_t>(core_.sweeper.rest_ms(), 1, expiry::Sweeper::kLongestSleepMs) *
         1000;
}

std::int64_t WaitTimer::delay_us() const {
  return std::max<std::int64_t>(aimed_at_us_ - loop_.clock().steady_us(), 1);
}

std::int64_t WaitTimer::on_time() {
  core_.waiters.expire();
  core_.pause.expire();
  aimed_at_us_ = core_.next_deadline_us();
  return aimed_at_us_ == 0 ? 0 : delay_us();
}

void WaitTimer::aim() {
  const std::int64_t deadline_us = core_.next_deadline_us();
  if (deadline_us == aimed_at_us_) return;
  aimed_at_us_ = deadline_us;
  deadline_us == 0 ? loop_.cancel(*this) : loop_.start(*this, delay_us());
}

Heartbeat::Heartbeat(Core& core, net::Loop& loop, net::Connections& connections,
                     LoopMetrics& metrics, process::Watchdog& watchdog)
    : core_(core),
      loop_(loop),
      connections_(connections),
      metrics_(metrics),
      watchdog_(watchdog),
      sweep_(core, loop),
      waits_(core, loop) {
  loop_.start(*this, 1);
  loop_.at_turn_end(*this);
}

Heartbeat::~Heartbeat() { loop_.cancel(*this); }

std::int64_t Heartbeat::on_time() {
  const std::int64_t hz = core_.hz();
  watchdog_.restart();
  metrics_.sample();
  core_.beat();
  connections_.run_periodic(static_cast<std::size_t>(hz));
  return 1'000'000 / hz;
}

net::TurnWork Heartbeat::on_turn_end() {
  const net::TurnWork answers = connections_.end_turn();
  const bool data = core_.end_turn();
  metrics_.note_turn();
  waits_.aim();
  return data || connections_.has_work() ? net::TurnWork::work : answers;
}

}  // namespace larder::server
