#include "larder/net/loop.h"

#include <algorithm>

#include "larder/base/assert.h"

namespace larder::net {

void Loop::watch(int descriptor, unsigned interest, Watch& watched) {
  LARDER_ASSERT(watched.descriptor_ < 0 && descriptor >= 0);
  watched.descriptor_ = descriptor;
  watched.interest_ = interest;
  add(watched);
}

void Loop::change(Watch& watched, unsigned interest) {
  LARDER_ASSERT(watched.descriptor_ >= 0);
  if (watched.interest_ == interest) return;
  watched.interest_ = interest;
  update(watched);
}

void Loop::forget(Watch& watched) {
  if (watched.descriptor_ < 0) return;
  remove(watched);
  watched.descriptor_ = -1;
  watched.interest_ = kNothing;
}

void Loop::start(Timer& timer, std::int64_t delay_us) {
  cancel(timer);
  timers_.push_back({&timer, clock_.steady_now_us() + delay_us});
}

void Loop::cancel(Timer& timer) {
  timers_.erase(std::remove_if(timers_.begin(), timers_.end(),
                               [&](const Due& due) { return due.timer == &timer; }),
                timers_.end());
}

std::int64_t Loop::time_to_wait(std::int64_t wait_us) const {
  if (timers_.empty() || wait_us == 0) return wait_us;
  const auto first = std::min_element(timers_.begin(), timers_.end(),
                                      [](const Due& a, const Due& b) { return a.at_us < b.at_us; });
  const std::int64_t left = std::max<std::int64_t>(0, first->at_us - clock_.steady_now_us());
  return wait_us < 0 ? left : std::min(wait_us, left);
}

void Loop::run_timers() {
  const std::int64_t now = clock_.steady_us();
  bool any = false;
  for (std::size_t i = 0; i < timers_.size(); ++i) {
    if (timers_[i].at_us > now) continue;
    any = true;
    Timer& timer = *timers_[i].timer;
    const std::int64_t next = timer.on_time();
    const auto same = std::find_if(timers_.begin(), timers_.end(),
                                   [&](const Due& due) { return due.timer == &timer; });
    if (same == timers_.end()) continue;
    if (next > 0) {
      same->at_us = now + next;
    } else if (same->at_us <= now) {
      timers_.erase(same);
    }
  }
  if (any) figures_.timers_us += static_cast<std::uint64_t>(clock_.steady_now_us() - now);
}

void Loop::run_once(std::int64_t wait_us) {
  wait(left_ == TurnWork::work ? 0 : time_to_wait(wait_us));
  clock_.tick();
  const std::int64_t began = clock_.steady_us();
  dispatch();
  run_timers();
  left_ = turn_end_ != nullptr ? turn_end_->on_turn_end() : TurnWork::nothing;
  const auto took = static_cast<std::uint64_t>(clock_.steady_now_us() - began);
  ++figures_.turns;
  figures_.busy_us += took;
  figures_.longest_us = std::max(figures_.longest_us, took);
}

void Loop::run_within() {
  LARDER_ASSERT(!is_within_);
  is_within_ = true;
  wait(0);
  dispatch();
  is_within_ = false;
}

void Loop::run() {
  while (!stopped_) run_once(-1);
  stopped_ = false;
}

}  // namespace larder::net
