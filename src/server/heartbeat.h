#pragma once

// Runs the chores (chores.h): at the timers of the event loop, and at the end of each turn.

#include "larder/net/connections.h"
#include "larder/net/loop.h"
#include "larder/process/watchdog.h"
#include "larder/server/chores.h"
#include "larder/server/core.h"
#include "metrics.h"

namespace larder::server {

// Wakes the sleeping event loop when the sweeper has work and time for it again.
class SweepTimer final : public net::Timer {
 public:
  SweepTimer(Core& core, net::Loop& loop) : core_(core), loop_(loop) { loop_.start(*this, 1); }
  ~SweepTimer() { loop_.cancel(*this); }

  std::int64_t on_time() override;

 private:
  Core& core_;
  net::Loop& loop_;
};

// Wakes the sleeping event loop at the timeout of a blocked command or at the end of a pause.
class WaitTimer final : public net::Timer {
 public:
  WaitTimer(Core& core, net::Loop& loop) : core_(core), loop_(loop) {}
  ~WaitTimer() { loop_.cancel(*this); }

  std::int64_t on_time() override;
  // Goes off at the earliest deadline there is now.
  void rearm();

 private:
  std::int64_t delay_us() const;

  Core& core_;
  net::Loop& loop_;
  std::int64_t armed_for_us_ = 0;  // 0: not armed
};

class Heartbeat final : public net::Timer, public net::TurnEnd {
 public:
  // With all parts that chores need.
  Heartbeat(const ChoreParts& parts, net::Loop& loop);
  ~Heartbeat();

  std::int64_t on_time() override;
  net::TurnWork on_turn_end() override;

 private:
  ChoreParts parts_;
  net::Loop& loop_;
  SweepTimer sweep_;
  WaitTimer waits_;
};

}  // namespace larder::server
