#pragma once

// Time. Deadlines of keys use the wall clock, durations use the steady clock. Both are read once
// per turn of the event loop, and the accessors return the stored values.

#include <cstdint>

namespace larder::base {

class Clock {
 public:
  virtual ~Clock() = default;

  // As of the last tick().
  std::int64_t unix_ms() const { return unix_us_ / 1000; }
  std::int64_t unix_us() const { return unix_us_; }
  std::int64_t steady_us() const { return steady_us_; }
  std::int64_t steady_ms() const { return steady_us_ / 1000; }

  // Reads both clocks. Called once per turn of the loop.
  virtual void tick() = 0;

  // The steady clock at this instant, for measuring work within a turn. Costs a clock read.
  virtual std::int64_t steady_now_us() const = 0;

 protected:
  std::int64_t unix_us_ = 0;
  std::int64_t steady_us_ = 0;
};

class SystemClock final : public Clock {
 public:
  SystemClock() { tick_now(); }
  void tick() override { tick_now(); }
  std::int64_t steady_now_us() const override;

 private:
  void tick_now();
};

// A clock that only tests advance.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t unix_ms = 1'700'000'000'000) {
    unix_us_ = unix_ms * 1000;
    steady_us_ = 1'000'000;
  }
  void tick() override {}
  std::int64_t steady_now_us() const override { return steady_us_; }
  void advance_ms(std::int64_t ms) { advance_us(ms * 1000); }
  void advance_us(std::int64_t us) {
    unix_us_ += us;
    steady_us_ += us;
  }
};

}  // namespace larder::base
