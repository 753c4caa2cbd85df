#include "heartbeat.h"

#include <algorithm>

namespace larder::server {

std::int64_t SweepTimer::on_time() {
  run_chores(Period::sweep, {core_});
  return std::clamp<std::int64_t>(core_.sweeper.rest_ms(), 1, expiry::Sweeper::kLongestSleepMs) *
         1000;
}

std::int64_t WaitTimer::delay_us() const {
  return std::max<std::int64_t>(armed_for_us_ - loop_.clock().steady_us(), 1);
}

std::int64_t WaitTimer::on_time() {
  run_chores(Period::deadline, {core_});
  armed_for_us_ = core_.next_deadline_us();
  return armed_for_us_ == 0 ? 0 : delay_us();
}

void WaitTimer::rearm() {
  const std::int64_t deadline_us = core_.next_deadline_us();
  if (deadline_us == armed_for_us_) return;
  armed_for_us_ = deadline_us;
  deadline_us == 0 ? loop_.cancel(*this) : loop_.start(*this, delay_us());
}

Heartbeat::Heartbeat(const ChoreParts& parts, net::Loop& loop)
    : parts_(parts), loop_(loop), sweep_(parts.core, loop), waits_(parts.core, loop) {
  loop_.start(*this, 1);
  loop_.at_turn_end(*this);
}

Heartbeat::~Heartbeat() { loop_.cancel(*this); }

std::int64_t Heartbeat::on_time() {
  run_chores(Period::beat, parts_);
  return 1'000'000 / parts_.core.hz();
}

net::TurnWork Heartbeat::on_turn_end() {
  const net::TurnWork answers = parts_.connections->end_turn();
  const bool data = run_chores(Period::turn, parts_);
  waits_.rearm();
  return data || parts_.connections->has_work() ? net::TurnWork::work : answers;
}

}  // namespace larder::server
