// The parts of a connection that only TLS needs: it begins with a handshake.

#include <unistd.h>

#include <string>

#include "connection.h"
#include "larder/memory/heap.h"

namespace larder::net {

void Connection::secure(Tls& tls) {
  tls_ = memory::make<TlsLink>(memory::Owner::client_input, tls, socket_);
}

void Connection::continue_handshake() {
  switch (tls_->continue_handshake()) {
    case TlsLink::Step::wants_to_read:
      return services_.parts.loop.change(*this, kReadable);
    case TlsLink::Step::wants_to_write:
      return services_.parts.loop.change(*this, kWritable);
    case TlsLink::Step::done:
      return handshake_done();
    case TlsLink::Step::failed:
      services_.handshakes.note_failure("Error accepting a client connection: " + tls_->failure() +
                                        " (addr=" + address() + " laddr=" + local_address() + ")");
      return disconnect();
  }
}

void Connection::handshake_done() {
  session_.last_active_ms = services_.clock.steady_ms();
  if (const auto error = services_.accepting.error_after_handshake(socket_); !error.empty()) {
    output_.append(error);
    session_.close(engine::Closing::after_reply);
  }
  visit_at_turn_end();
}

bool Connection::is_late_with_handshake(std::int64_t now_ms) const {
  return tls_ != nullptr && tls_->in_handshake() &&
         now_ms - session_.created_ms > Handshakes::kDeadlineMs;
}

void Connection::drop_tls() {
  if (tls_ == nullptr) return;
  services_.handshakes.forget(*this);
  tls_->send_close_notify();
  memory::destroy(memory::Owner::client_input, tls_);
  tls_ = nullptr;
}

std::size_t Connection::tls_bytes() const {
  return tls_ == nullptr ? 0 : memory::size_class(sizeof(TlsLink)) + tls_->held_bytes();
}

}  // namespace larder::net
