#include "larder/engine/held_sessions.h"

#include <utility>

#include "larder/base/assert.h"
#include "larder/engine/session.h"

namespace larder::engine {

HeldSessions::~HeldSessions() { LARDER_ASSERT(empty()); }

void HeldSessions::add(Session& session, std::uint64_t wanted_bytes) {
  session.hold();
  if (session.queue_ == this) return;
  session.leave_queue();
  session.queue_ = this;
  session.wanted_bytes_ = wanted_bytes;
  session.previous_held_ = last_;
  session.next_held_ = nullptr;
  (last_ == nullptr ? first_ : last_->next_held_) = &session;
  last_ = &session;
  ++size_;
}

bool HeldSessions::has(const Session& session) const { return session.queue_ == this; }

void HeldSessions::remove(Session& session) {
  Session* const before = session.previous_held_;
  Session* const after = session.next_held_;
  (before == nullptr ? first_ : before->next_held_) = after;
  (after == nullptr ? last_ : after->previous_held_) = before;
  session.queue_ = nullptr;
  --size_;
}

void HeldSessions::resume(std::size_t most) {
  // Each session leaves the queue when it continues.
  while (most-- > 0 && !empty()) {
    first_->resume();
    if (wanted_bytes() > 0) return;
  }
}

bool HeldSessions::must_wait(Session& session) const {
  const bool was_resumed = std::exchange(session.wanted_bytes_, 0) > 0;
  return !was_resumed && !empty();
}

std::uint64_t HeldSessions::wanted_bytes() const { return empty() ? 0 : first_->wanted_bytes_; }

}  // namespace larder::engine
