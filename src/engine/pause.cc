#include "larder/engine/pause.h"

#include <algorithm>
#include <limits>

namespace larder::engine {

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
  for (Session* session = parts_.sessions.first(); session != nullptr; session = session->next()) {
    session->go_on();
  }
}

void Pause::expire() {
  if (on_ && parts_.clock.steady_ms() >= end_ms_) end();
}

std::int64_t Pause::deadline_us() const {
  if (!on_) return 0;
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  return end_ms_ > kMost / 1000 ? kMost : std::max<std::int64_t>(end_ms_ * 1000, 1);
}

std::size_t Pause::held() const {
  std::size_t count = 0;
  for (const Session* session = on_ ? parts_.sessions.first() : nullptr; session != nullptr;
       session = session->next()) {
    if (session->is_paused()) ++count;
  }
  return count;
}

}  // namespace larder::engine
