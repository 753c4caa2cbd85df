#include "larder/engine/pause.h"

#include <algorithm>
#include <limits>

namespace larder::engine {
namespace {

// The sessions that continue in one turn after a pause.
constexpr std::size_t kResumedAtOnce = 64;

}  // namespace

bool Pause::is_on() const {
  return std::any_of(pauses_.begin(), pauses_.end(), [](const One& one) { return one.is_on; });
}

void Pause::begin(Purpose purpose, Extent extent, std::int64_t end_ms) {
  expire();
  One& one = pauses_[static_cast<std::size_t>(purpose)];
  one.end_ms = one.is_on ? std::max(one.end_ms, end_ms) : end_ms;
  one.extent = one.is_on ? std::max(one.extent, extent) : extent;
  one.is_on = true;
  apply();
}

void Pause::end(Purpose purpose) {
  One& one = pauses_[static_cast<std::size_t>(purpose)];
  if (!one.is_on) return;
  one.is_on = false;
  apply();
  // What another purpose still stops is held again, behind these.
  to_resume_ = parts_.held.size();
  resume_some();
}

void Pause::apply() {
  const bool is_of_all = std::any_of(pauses_.begin(), pauses_.end(), [](const One& one) {
    return one.is_on && one.extent == Extent::all;
  });
  is_on() ? parts_.gates.close(Gate::paused_writes) : parts_.gates.open(Gate::paused_writes);
  is_of_all ? parts_.gates.close(Gate::paused_all) : parts_.gates.open(Gate::paused_all);
  is_on() ? parts_.keyspace.removals().hold(keyspace::Hold::pause)
          : parts_.keyspace.removals().release(keyspace::Hold::pause);
}

bool Pause::resume_some() {
  const std::size_t now = std::min({to_resume_, parts_.held.size(), kResumedAtOnce});
  if (now > 0) parts_.held.resume(now);
  to_resume_ = std::min(to_resume_ - now, parts_.held.size());
  return to_resume_ > 0;
}

void Pause::expire() {
  const std::int64_t now_ms = parts_.clock.steady_ms();
  for (std::size_t i = 0; i < kPurposes; ++i) {
    if (pauses_[i].is_on && now_ms >= pauses_[i].end_ms) end(static_cast<Purpose>(i));
  }
}

std::int64_t Pause::deadline_us() const {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  if (!is_on()) return 0;
  std::int64_t earliest_ms = kMost;
  for (const One& one : pauses_) {
    if (one.is_on) earliest_ms = std::min(earliest_ms, one.end_ms);
  }
  return earliest_ms > kMost / 1000 ? kMost : std::max<std::int64_t>(earliest_ms * 1000, 1);
}

}  // namespace larder::engine
