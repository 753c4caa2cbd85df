#pragma once

// The event loop: waits until descriptors are ready, timers are due or another thread wakes it, and
// calls the watches and timers concerned. Not thread-safe, except that other threads may write to a
// descriptor to wake the loop.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "larder/base/clock.h"

namespace larder::net {

// The events that a descriptor waits for, and those that are ready. A hang-up or an error counts as
// readable, so that the next read returns it. Combine with |.
enum Readiness : unsigned { kNothing = 0, kReadable = 1, kWritable = 2 };

// An object that waits for a descriptor. After it stops waiting it must stay alive until the turn
// has ended, because the turn's events may still refer to it.
class Watch {
 public:
  virtual void on_ready(unsigned readiness) = 0;
  // Whether it is also called in turns within a turn (Loop::run_within()).
  virtual bool is_served_within() const { return false; }

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

// An action at a certain time, which may repeat.
class Timer {
 public:
  // Called when the time has come; returns the microseconds until the next call, 0 for none.
  virtual std::int64_t on_time() = 0;

 protected:
  ~Timer() = default;
};

// Whether work is left at the end of a turn.
enum class TurnWork : std::uint8_t { nothing, work };

// Called at the end of each turn, before the loop waits again. While work is left the loop does not
// wait.
class TurnEnd {
 public:
  virtual TurnWork on_turn_end() = 0;

 protected:
  ~TurnEnd() = default;
};

// Measurements of the loop, in microseconds of the steady clock. The duration of a turn does not
// include its wait.
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

  // Waits for `descriptor` from now on, or changes the events to wait for; `interest` may be
  // kNothing. While a watched descriptor stays ready, every turn reports it again.
  void watch(int descriptor, unsigned interest, Watch& watched);
  void change(Watch& watched, unsigned interest);
  // Stops waiting. Must be called before the descriptor is closed.
  void forget(Watch& watched);

  // The timer must outlive the loop or be cancelled; starting it again changes its time.
  void start(Timer& timer, std::int64_t delay_us);
  void cancel(Timer& timer);

  void at_turn_end(TurnEnd& work) { turn_end_ = &work; }

  // The most ready descriptors that a turn serves, at most kMostReady; the next turns serve the
  // others. Within a turn it applies to that turn, too. asio serves all that it has found.
  static constexpr std::size_t kMostReady = 256;
  void bound_ready(std::size_t most) { most_ready_ = most; }

  // One turn: waits at most `wait_us` (negative: without a limit), ticks the clock, serves the
  // descriptors that are ready, then the timers that are due, then the end of the turn.
  void run_once(std::int64_t wait_us);
  // Within a turn, while something that it called takes very long: serves the descriptors that are
  // ready now and whose watches permit it. Does not tick the clock, and runs neither timers nor the
  // end of a turn. What the outer turn has not served yet, it leaves to the next one.
  void run_within();
  // Runs turns until stop() was called.
  void run();
  void stop() { stopped_ = true; }
  bool is_stopped() const { return stopped_; }

  base::Clock& clock() { return clock_; }
  const TurnFigures& figures() const { return figures_; }
  void reset_figures() { figures_ = {}; }

 protected:
  // Registers, changes or removes the descriptor in the operating system.
  virtual void add(Watch& watched) = 0;
  virtual void update(Watch& watched) = 0;
  virtual void remove(Watch& watched) = 0;
  // Waits and stores the ready events; does not change the clock.
  virtual void wait(std::int64_t wait_us) = 0;
  // Calls deliver() for all events of wait(), or until another dispatch() within it has returned.
  virtual void dispatch() = 0;

  std::size_t most_ready() const { return most_ready_; }
  void deliver(Watch& watched, unsigned readiness) const {
    readiness &= watched.interest_;
    if (readiness == kNothing || (is_within_ && !watched.is_served_within())) return;
    watched.on_ready(readiness);
  }

 private:
  struct Due {
    Timer* timer;
    std::int64_t at_us;
  };

  std::int64_t time_to_wait(std::int64_t wait_us) const;
  void run_timers();

  base::Clock& clock_;
  std::vector<Due> timers_;  // few; searched linearly
  TurnEnd* turn_end_ = nullptr;
  std::size_t most_ready_ = kMostReady;
  TurnFigures figures_;
  TurnWork left_ = TurnWork::nothing;
  bool stopped_ = false;
  bool is_within_ = false;
};

// Level-triggered epoll: a descriptor is registered once and costs nothing while it waits.
std::unique_ptr<Loop> make_epoll_loop(base::Clock& clock);
// asio's reactor, which must be armed again for each event; for systems without epoll.
std::unique_ptr<Loop> make_asio_loop(base::Clock& clock);

}  // namespace larder::net
