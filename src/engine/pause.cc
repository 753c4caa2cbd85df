#include "larder/engine/pause.h"

#include <algorithm>
#include <limits>

namespace larder::engine {
namespace {

// The sessions that continue in one turn after a pause.
constexpr std::size_t kResumedAtOnce = 64;

}  // namespace

void Pause::begin(Extent extent, std::int64_t end_ms) {
  expire();
  end_ms_ = on_ ? std::max(end_ms_, end_ms) : end_ms;
  on_ = true;
  parts_.gates.close(Gate::paused_writes);
  if (extent == Extent::all) parts_.gates.close(Gate::paused_all);
  parts_.keyspace.removals().hold(keyspace::Hold::pause);
}

void Pause::end() {
  if (!on_) return;
  on_ = false;
  parts_.gates.open(Gate::paused_writes);
  parts_.gates.open(Gate::paused_all);
  parts_.keyspace.removals().release(keyspace::Hold::pause);
  resume_some();
}

bool Pause::resume_some() {
  if (!on_) parts_.held.resume(kResumedAtOnce);
  return !on_ && !parts_.held.empty();
}

void Pause::expire() {
  if (on_ && parts_.clock.steady_ms() >= end_ms_) end();
}

std::int64_t Pause::deadline_us() const {
  if (!on_) return 0;
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  return end_ms_ > kMost / 1000 ? kMost : std::max<std::int64_t>(end_ms_ * 1000, 1);
}

}  // namespace larder::engine
