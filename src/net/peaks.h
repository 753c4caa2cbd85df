#pragma once

// The largest input and output of a connection in the last seconds, for INFO clients.

#include <algorithm>
#include <cstdint>

namespace larder::net {

// The maximum of two periods, so that a peak is remembered for one period and forgotten after two.
class Peak {
 public:
  void note(std::uint64_t value) { now_ = std::max(now_, value); }
  void roll() {
    before_ = now_;
    now_ = 0;
  }
  std::uint64_t recent() const { return std::max(now_, before_); }

 private:
  std::uint64_t now_ = 0;
  std::uint64_t before_ = 0;
};

class Peaks {
 public:
  Peak input;
  Peak output;

  // Call it now and then, with the time of the steady clock.
  void roll_if_due(std::int64_t now_ms) {
    if (now_ms - rolled_ms_ < kPeriodMs) return;
    rolled_ms_ = now_ms;
    input.roll();
    output.roll();
  }

 private:
  static constexpr std::int64_t kPeriodMs = 5000;
  std::int64_t rolled_ms_ = 0;
};

}  // namespace larder::net
