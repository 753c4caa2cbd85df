// What a connection does beside others when it speaks TLS: it begins with a handshake.

#include <unistd.h>

#include <string>

#include "connection.h"
#include "handshakes.h"
#include "larder/memory/heap.h"

namespace larder::net {

std::uint32_t Handshakes::add(Connection& connection) {
  line_.push_back(&connection);
  return served_ + static_cast<std::uint32_t>(line_.size()) - 1;
}

void Handshakes::run(const base::Clock& clock) {
  if (line_.empty()) return;
  const std::int64_t end_us = clock.steady_now_us() + kMostUs;
  for (int steps = 0; steps < kMostSteps && !line_.empty(); ++steps) {
    if (steps > 0 && clock.steady_now_us() >= end_us) return;
    Connection* const connection = line_.front();
    line_.pop_front();
    ++served_;
    if (connection != nullptr) connection->shake_hands();
  }
}

void Connection::secure(Tls& tls) {
  tls_ = memory::make<TlsLink>(memory::Owner::client_input, tls, socket_);
}

void Connection::wait_for_turn() {
  home_.parts_.loop.change(*this, kNothing);
  in_line_ = true;
  place_in_line_ = home_.handshakes_->add(*this);
}

void Connection::shake_hands() {
  in_line_ = false;
  switch (tls_->shake_hands()) {
    case TlsLink::Step::wants_to_read:
      return home_.parts_.loop.change(*this, kReadable);
    case TlsLink::Step::wants_to_write:
      return home_.parts_.loop.change(*this, kWritable);
    case TlsLink::Step::done:
      session_.last_active_ms = home_.parts_.loop.clock().steady_ms();
      return home_.welcome(*this);
    case TlsLink::Step::failed:
      home_.note_failed_handshake("Error accepting a client connection: " + tls_->failure() +
                                  " (addr=" + address() + " laddr=" + local_address() + ")");
      return disconnect();
  }
}

bool Connection::is_late_with_handshake(std::int64_t now_ms) const {
  return tls_ != nullptr && tls_->is_shaking_hands() &&
         now_ms - session_.created_ms > Handshakes::kDeadlineMs;
}

void Connection::drop_tls() {
  if (tls_ == nullptr) return;
  if (in_line_) home_.handshakes_->remove(place_in_line_);
  tls_->say_goodbye();
  memory::destroy(memory::Owner::client_input, tls_);
  tls_ = nullptr;
}

std::size_t Connection::tls_bytes() const {
  return tls_ == nullptr ? 0 : memory::size_class(sizeof(TlsLink)) + tls_->held_bytes();
}

}  // namespace larder::net
