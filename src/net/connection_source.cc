// How a connection sends the output of a source: the stream of a replica.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <span>

#include "connection.h"
#include "sockets.h"

namespace larder::net {

void Connection::send_from(engine::OutputSource* source) {
  source_ = source;
  source_state_ = output_.empty() ? SourceState::waits_for_bytes : SourceState::not_begun;
  if (source != nullptr) visit_at_turn_end();
}

void Connection::delay_packets(bool delay) {
  if (transport_ == Transport::unix_socket) return;
  const int flag = delay ? 0 : 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &flag, sizeof flag);
}

// A reply would be in the stream, or ahead of it.
void Connection::end_interrupted_source() {
  if (output_.empty() || source_state_ == SourceState::not_begun) return;
  output_.clear();
  source_->interrupted();
}

// Sends a piece in each visit, and more as long as the turn has time for large output. False if the
// connection is lost.
bool Connection::send_source() {
  const bool is_closing = session_.closing == engine::Closing::now;
  if (!output_.empty() || is_closing || in_handshake()) return true;
  source_state_ = SourceState::waits_for_bytes;
  for (bool is_first = true;; is_first = false) {
    const std::string_view bytes = source_->next();
    if (bytes.empty()) return true;
    if (!is_first && !services_.sender.has_time_for_part()) {
      services_.sender.continue_later(*this);
      return true;
    }
    iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    const ssize_t took =
        tls_ == nullptr ? ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT)
                        : tls_->send({&piece, 1}, bytes.size());
    if (took <= 0) {
      if (took == 0 || !would_block(errno)) return lose("Error writing to client"), false;
      source_state_ = SourceState::waits_for_socket;
      return true;
    }
    services_.parts.metrics.writes_processed += 1;
    session_.last_active_ms = services_.clock.steady_ms();
    source_->sent(static_cast<std::size_t>(took));
    if (source_ == nullptr || session_.closing == engine::Closing::now) return true;
  }
}

}  // namespace larder::net
