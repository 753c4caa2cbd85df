#pragma once

// The time that background work of all kinds may take together in one turn of the event loop, so
// that the times of several kinds do not add up. Each kind reads left_us() before its work, and
// calls spend() after it.

#include <algorithm>
#include <cstdint>

namespace larder::base {

class TurnTime {
 public:
  // What all kinds together may take in one turn.
  static constexpr std::int64_t kTurnUs = 600;
  // What each kind may take even after that, so that it proceeds.
  static constexpr std::int64_t kLeastUs = 50;

  // The time for one kind of work: `most_us`, or less if less is left.
  std::int64_t left_us(std::int64_t most_us = kTurnUs) const {
    return std::min(most_us, std::max(kTurnUs - spent_us_, kLeastUs));
  }
  bool is_spent() const { return spent_us_ >= kTurnUs; }
  void spend(std::int64_t us) { spent_us_ += us; }
  void begin_turn() { spent_us_ = 0; }

 private:
  std::int64_t spent_us_ = 0;
};

}  // namespace larder::base
