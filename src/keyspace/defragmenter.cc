#include "larder/keyspace/defragmenter.h"

#include <algorithm>

namespace larder::keyspace {

namespace {

// How often the use of the pages is computed.
constexpr std::int64_t kCheckUs = 100'000;
// The allowance of this time is used later, after turns that had none to give.
constexpr std::int64_t kMostSavedUs = 100'000;
// Shorter steps have too much overhead.
constexpr std::int64_t kLeastStepUs = 50;
// A pass must be able to return one of so many bytes, because it visits all keys.
constexpr std::uint64_t kLeastGain = 64;

}  // namespace

bool Defragmenter::may_move(Moves moves) const {
  return moves == Moves::allowed && settings_.activedefrag.value() &&
         keyspace_.before_changes().empty();
}

bool Defragmenter::run(std::int64_t most_us, Moves moves) {
  const base::Clock& clock = keyspace_.clock();
  if (!may_move(moves)) {
    give_up();
  } else if (clock.steady_us() >= next_check_us_) {
    next_check_us_ = clock.steady_us() + kCheckUs;
    check_page_use();
  }
  if (part_ == Part::none) return false;
  const std::int64_t began_us = clock.steady_now_us();
  add_allowance(began_us);
  if (allowance_us_ < kLeastStepUs) return false;
  base::Budget budget(clock, std::min(most_us, allowance_us_));
  step(budget);
  const std::int64_t now_us = clock.steady_now_us();
  allowance_us_ -= now_us - began_us;
  report(now_us);
  return part_ != Part::none && allowance_us_ >= kLeastStepUs;
}

// Begins a pass if there is enough to gain, or gives more time to the one that has begun.
void Defragmenter::check_page_use() {
  const memory::PageUse use = memory::page_use();
  const bool is_due =
      use.wasted_bytes() >
          static_cast<std::uint64_t>(settings_.active_defrag_ignore_bytes.value()) &&
      use.wasted_percent() > static_cast<double>(settings_.active_defrag_threshold_lower.value()) &&
      use.recoverable() * kLeastGain >= use.live_bytes;
  if (part_ != Part::none) {
    percent_ = std::max(percent_, percent_of_time(use));
  } else if (is_due) {
    percent_ = percent_of_time(use);
    begin_pass();
  }
}

// From cycle-min at the lower threshold to cycle-max at the upper one.
std::int64_t Defragmenter::percent_of_time(const memory::PageUse& use) const {
  const auto lower = static_cast<double>(settings_.active_defrag_threshold_lower.value());
  const auto upper = static_cast<double>(settings_.active_defrag_threshold_upper.value());
  const std::int64_t least = settings_.active_defrag_cycle_min.value();
  const std::int64_t most = std::max(least, settings_.active_defrag_cycle_max.value());
  if (use.wasted_percent() >= upper) return most;
  const double part = std::max(0.0, (use.wasted_percent() - lower) / (upper - lower));
  return least + static_cast<std::int64_t>(part * static_cast<double>(most - least));
}

void Defragmenter::add_allowance(std::int64_t now_us) {
  const std::int64_t passed_us = std::min(now_us - last_us_, kMostSavedUs);
  last_us_ = now_us;
  allowance_us_ =
      std::min(allowance_us_ + passed_us * percent_ / 100, kMostSavedUs * percent_ / 100);
}

void Defragmenter::step(base::Budget& budget) {
  do {
    if (!pass(budget)) return end_pass();
  } while (!budget.spent());
}

// False at the end.
bool Defragmenter::pass(base::Budget& budget) {
  using memory::BlockKind;
  if (part_ == Part::entries) {
    if (evacuator_.move_entries()) return true;
    part_ = Part::tables;
    if (evacuator_.may_begin(BlockKind::table)) evacuator_.begin_pass(BlockKind::table);
  }
  if (!evacuator_.step_pass(budget)) return false;
  if (evacuator_.is_in_pass()) return true;
  const bool goes_on = part_ == Part::tables && evacuator_.may_begin(BlockKind::value);
  part_ = Part::values;
  if (goes_on) evacuator_.begin_pass(BlockKind::value);
  return goes_on;
}

void Defragmenter::begin_pass() {
  part_ = Part::entries;
  last_us_ = began_us_ = keyspace_.clock().steady_now_us();
  allowance_us_ = kLeastStepUs;
  reported_ms_ = 0;
}

// What is left is to release slabs that were chosen.
void Defragmenter::give_up() {
  if (part_ == Part::none) return;
  part_ = Part::values;
  evacuator_.give_up_pass();
}

void Defragmenter::end_pass() {
  part_ = Part::none;
  percent_ = 0;
  // Whether there should be another one is known at once.
  next_check_us_ = 0;
}

void Defragmenter::report(std::int64_t now_us) {
  const std::int64_t ms = (now_us - began_us_) / 1000;
  metrics_.total_active_defrag_time += ms - reported_ms_;
  reported_ms_ = ms;
  metrics_.current_active_defrag_time = part_ == Part::none ? 0 : ms;
  metrics_.active_defrag_running = percent_;
}

}  // namespace larder::keyspace
