#include "larder/engine/held_sessions.h"

#include <algorithm>

#include "larder/base/assert.h"
#include "larder/engine/session.h"

namespace larder::engine {

HeldSessions::~HeldSessions() { LARDER_ASSERT(sessions_.empty()); }

void HeldSessions::add(Session& session, std::uint64_t wanted_bytes) {
  session.hold();
  if (session.line_ == this) return;
  session.leave_line();
  session.line_ = this;
  sessions_.push_back({&session, wanted_bytes});
}

bool HeldSessions::has(const Session& session) const { return session.line_ == this; }

void HeldSessions::remove(Session& session) {
  session.line_ = nullptr;
  sessions_.erase(std::find_if(sessions_.begin(), sessions_.end(),
                               [&session](const Held& held) { return held.session == &session; }));
  if (sessions_.empty()) sessions_.shrink_to_fit();
}

void HeldSessions::resume(std::size_t most) {
  // Each session leaves the queue when it continues.
  while (most-- > 0 && !sessions_.empty()) {
    sessions_.front().session->go_on();
    if (wanted_bytes() > 0) return;
  }
}

std::size_t HeldSessions::held_bytes() const {
  return sessions_.capacity() == 0 ? 0 : memory::size_class(sessions_.capacity() * sizeof(Held));
}

}  // namespace larder::engine
