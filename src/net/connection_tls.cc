// The parts of a connection that only TLS needs: it begins with a handshake.

#include <unistd.h>

#include <string>

#include "connection.h"
#include "handshakes.h"
#include "larder/base/budget.h"
#include "larder/memory/heap.h"

namespace larder::net {

void Handshakes::run(const base::Clock& clock) {
  if (line.empty()) return;
  base::Budget time(clock, kMostUs);
  Connection* connection = line.first();
  for (int steps = 0; connection != nullptr && steps < kMostSteps; connection = line.first()) {
    if (steps++ > 0 && time.spent()) return;
    line.advance();
    connection->continue_handshake();
  }
}

void Connection::secure(Tls& tls) {
  tls_ = memory::make<TlsLink>(memory::Owner::client_input, tls, socket_);
}

void Connection::wait_for_turn() {
  home_.parts_.loop.change(*this, kNothing);
  handshake_place_ = home_.handshakes_->line.join(*this);
}

void Connection::continue_handshake() {
  handshake_place_ = ConnectionQueue::kNowhere;
  switch (tls_->continue_handshake()) {
    case TlsLink::Step::wants_to_read:
      return home_.parts_.loop.change(*this, kReadable);
    case TlsLink::Step::wants_to_write:
      return home_.parts_.loop.change(*this, kWritable);
    case TlsLink::Step::done:
      session_.last_active_ms = home_.parts_.loop.clock().steady_ms();
      return home_.handshake_done(*this);
    case TlsLink::Step::failed:
      home_.note_failed_handshake("Error accepting a client connection: " + tls_->failure() +
                                  " (addr=" + address() + " laddr=" + local_address() + ")");
      return disconnect();
  }
}

bool Connection::is_late_with_handshake(std::int64_t now_ms) const {
  return tls_ != nullptr && tls_->in_handshake() &&
         now_ms - session_.created_ms > Handshakes::kDeadlineMs;
}

void Connection::drop_tls() {
  if (tls_ == nullptr) return;
  if (handshake_place_ != ConnectionQueue::kNowhere)
    home_.handshakes_->line.leave(handshake_place_);
  tls_->send_close_notify();
  memory::destroy(memory::Owner::client_input, tls_);
  tls_ = nullptr;
}

std::size_t Connection::tls_bytes() const {
  return tls_ == nullptr ? 0 : memory::size_class(sizeof(TlsLink)) + tls_->held_bytes();
}

}  // namespace larder::net
