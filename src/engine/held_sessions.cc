#include "larder/engine/held_sessions.h"

#include <algorithm>

#include "larder/base/assert.h"
#include "larder/engine/session.h"

namespace larder::engine {

HeldSessions::~HeldSessions() { LARDER_ASSERT(sessions_.empty()); }

void HeldSessions::add(Session& session) {
  session.hold();
  if (session.line_ == this) return;
  session.leave_line();
  session.line_ = this;
  sessions_.push_back(&session);
}

void HeldSessions::remove(Session& session) {
  session.line_ = nullptr;
  sessions_.erase(std::find(sessions_.begin(), sessions_.end(), &session));
  if (sessions_.empty()) sessions_.shrink_to_fit();
}

void HeldSessions::resume(std::size_t most) {
  // Each session leaves the queue when it continues.
  while (most-- > 0 && !sessions_.empty()) sessions_.front()->go_on();
}

std::size_t HeldSessions::held_bytes() const {
  return sessions_.capacity() == 0 ? 0
                                   : memory::size_class(sessions_.capacity() * sizeof(Session*));
}

}  // namespace larder::engine
