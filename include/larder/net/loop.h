#pragma once

// The event loop: waits until descriptors are ready, timers are due or someone wakes it, and
// calls whoever asked. One thread; nothing here is safe to call from another, but for the
// descriptors that others write to in order to wake it.

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "larder/base/clock.h"

namespace larder::net {

// What a descriptor is waited for, and what it is ready for. A hang-up or an error counts as
// readable, so that the next read tells what happened. Combine with |.
enum Readiness : unsigned { kNothing = 0, kReadable = 1, kWritable = 2 };

// Someone who waits on a descriptor. Whoever stops waiting must stay alive until the turn has
// ended, because the turn's events may already name it.
class Watch {
 public:
  virtual void on_ready(unsigned readiness) = 0;

  int descriptor() const { return descriptor_; }
  unsigned interest() const { return interest_; }

 protected:
  Watch() = default;
  virtual ~Watch() = default;
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  friend class Loop;
  int descriptor_ = -1;
  unsigned interest_ = kNothing;
};

// Something that happens at a time, and again.
class Timer {
 public:
  // Called when the time has come; returns the microseconds until the next call, 0 for never.
  virtual std::int64_t on_time() = 0;

 protected:
  ~Timer() = default;
};

// What is left to do when a turn's work is over.
enum class Left : std::uint8_t { nothing, work };

// What is done at the end of each turn, before the loop waits again. While work is left the loop
// does not wait.
class TurnEnd {
 public:
  virtual Left on_turn_end() = 0;

 protected:
  ~TurnEnd() = default;
};

// What the loop measures of itself, in microseconds of the steady clock. The duration of a turn is
// its work without the wait.
struct TurnFigures {
  std::uint64_t turns = 0;
  std::uint64_t busy_us = 0;
  std::uint64_t longest_us = 0;
  std::uint64_t timers_us = 0;
};

class Loop {
 public:
  explicit Loop(base::Clock& clock) : clock_(clock) {}
  virtual ~Loop() = default;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // The name for INFO's multiplexing_api.
  virtual std::string_view name() const = 0;

  // Waits on `descriptor` from now on, or changes what is waited for; `interest` may be kNothing.
  // While a watched descriptor stays ready, every turn says so again.
  void watch(int descriptor, unsigned interest, Watch& who);
  void change(Watch& who, unsigned interest);
  // Stops waiting. To be called before the descriptor is closed.
  void forget(Watch& who);

  // The timer must outlive the loop or be cancelled; starting it again moves its time.
  void start(Timer& timer, std::int64_t delay_us);
  void cancel(Timer& timer);

  void at_turn_end(TurnEnd& work) { turn_end_ = &work; }

  // One turn: waits at most `wait_us` (negative: as long as it takes), ticks the clock, serves what
  // is ready, then the timers that are due, then the end of the turn.
  void run_once(std::int64_t wait_us);
  // Turns until stop() was called in one of them.
  void run();
  void stop() { stopped_ = true; }

  base::Clock& clock() { return clock_; }
  const TurnFigures& figures() const { return figures_; }
  void reset_figures() { figures_ = {}; }

 protected:
  // Registers, changes or removes the descriptor at the operating system.
  virtual void add(Watch& who) = 0;
  virtual void update(Watch& who) = 0;
  virtual void remove(Watch& who) = 0;
  // Waits and keeps what is ready; the clock is not touched.
  virtual void wait(std::int64_t wait_us) = 0;
  // Calls deliver() for everything that wait() found.
  virtual void dispatch() = 0;

  static void deliver(Watch& who, unsigned readiness) {
    readiness &= who.interest_;
    if (readiness != kNothing) who.on_ready(readiness);
  }

 private:
  struct Due {
    Timer* timer;
    std::int64_t at_us;
  };

  std::int64_t time_to_wait(std::int64_t wait_us) const;
  void run_timers();

  base::Clock& clock_;
  std::vector<Due> timers_;  // few; searched in order
  TurnEnd* turn_end_ = nullptr;
  TurnFigures figures_;
  Left left_ = Left::nothing;
  bool stopped_ = false;
};

// Level-triggered epoll: a descriptor is registered once and costs nothing while it waits.
std::unique_ptr<Loop> make_epoll_loop(base::Clock& clock);
// asio's reactor, which asks anew for each readiness; for systems without epoll.
std::unique_ptr<Loop> make_asio_loop(base::Clock& clock);

}  // namespace larder::net
