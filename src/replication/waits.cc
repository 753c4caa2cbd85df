#include "larder/replication/waits.h"

#include <algorithm>
#include <limits>

#include "larder/base/assert.h"
#include "larder/memory/heap.h"
#include "larder/replication/session_part.h"

namespace larder::replication {
namespace {

constexpr auto kWaitOwner = memory::Owner::client_input;

std::int64_t deadline_of(const base::Clock& clock, std::int64_t timeout_ms) {
  const std::int64_t now_us = clock.steady_us();
  const std::int64_t most_ms = (std::numeric_limits<std::int64_t>::max() - now_us) / 1000;
  return timeout_ms > 0 && timeout_ms <= most_ms ? now_us + timeout_ms * 1000 : 0;
}

}  // namespace

class Waits::Waiting final : public SessionPart {
 public:
  Waiting(Waits& home_, engine::Session& session_, const Order& order_)
      : home(home_),
        session(session_),
        order(order_),
        deadline_us(deadline_of(home_.clock_, order_.timeout_ms)) {}

  void detach(engine::Session&) override { home.remove(*this); }
  std::size_t bytes() const override { return memory::size_class(sizeof(Waiting)); }

  Waits& home;
  engine::Session& session;
  const Order order;
  const std::int64_t deadline_us;
};

Waits::~Waits() { LARDER_ASSERT(sessions_.empty()); }

bool Waits::is_fulfilled(const Order& order) const {
  if (order.own_file && !copies_.is_synced(order.position)) return false;
  const std::size_t have =
      order.on_disk ? copies_.having_on_disk(order.offset) : copies_.having(order.offset);
  return have >= order.replicas;
}

void Waits::answer(engine::Session& session, const Order& order) const {
  if (!order.on_disk) {
    return session.reply.integer(static_cast<std::int64_t>(copies_.having(order.offset)));
  }
  session.reply.array(2);
  session.reply.integer(copies_.is_synced(order.position) ? 1 : 0);
  session.reply.integer(static_cast<std::int64_t>(copies_.having_on_disk(order.offset)));
}

void Waits::add(engine::Session& session, const Order& order) {
  auto* const waiting = memory::make<Waiting>(kWaitOwner, *this, session, order);
  session.attach(engine::Attached::replica, *waiting);
  sessions_.push_back(waiting);
  if (waiting->deadline_us == 0) return;
  earliest_us_ =
      earliest_us_ == 0 ? waiting->deadline_us : std::min(earliest_us_, waiting->deadline_us);
}

void Waits::remove(Waiting& waiting) {
  std::erase(sessions_, &waiting);
  if (sessions_.empty()) earliest_us_ = 0;
  memory::destroy(kWaitOwner, &waiting);
}

// Its wait may have been ended by CLIENT UNBLOCK: then it has its reply.
void Waits::end(Waiting& waiting) {
  engine::Session& session = waiting.session;
  const Order order = waiting.order;
  session.forget(engine::Attached::replica);
  remove(waiting);
  if (!session.is_blocked()) return;
  waiters_.forget(session);
  answer(session, order);
  if (session.reply_mode != engine::ReplyMode::on) session.advance_reply_mode();
  session.peer().unblocked();
}

void Waits::look() {
  for (std::size_t i = sessions_.size(); i > 0; --i) {
    Waiting& waiting = *sessions_[i - 1];
    if (!waiting.session.is_blocked() || is_fulfilled(waiting.order)) end(waiting);
  }
}

void Waits::expire() {
  const std::int64_t now_us = clock_.steady_us();
  if (earliest_us_ == 0 || earliest_us_ > now_us) return;
  for (std::size_t i = sessions_.size(); i > 0; --i) {
    Waiting& waiting = *sessions_[i - 1];
    if (waiting.deadline_us != 0 && waiting.deadline_us <= now_us) end(waiting);
  }
  note_earliest();
}

void Waits::note_earliest() {
  earliest_us_ = 0;
  for (const Waiting* const waiting : sessions_) {
    if (waiting->deadline_us == 0) continue;
    if (earliest_us_ == 0 || waiting->deadline_us < earliest_us_) {
      earliest_us_ = waiting->deadline_us;
    }
  }
}

void Waits::report_bytes(memory::Audit& audit) const {
  std::size_t bytes = 0;
  for (const Waiting* const waiting : sessions_) bytes += waiting->bytes();
  audit.found(kWaitOwner, static_cast<std::int64_t>(bytes));
}

}  // namespace larder::replication
