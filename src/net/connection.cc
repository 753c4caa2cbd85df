#include "connection.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "larder/engine/transaction.h"
#include "sockets.h"

namespace larder::net {
namespace {

// One send gathers at most this many pieces, and one turn sends at most this many bytes to one
// connection, so that a large reply does not delay the others.
constexpr std::size_t kMostPieces = 64;
constexpr std::uint64_t kMostSentPerTurn = 4 << 20;

ssize_t send_plain(int socket, const iovec* pieces, std::size_t count) {
  if (count == 1) {
    return ::send(socket, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces);
  message.msg_iovlen = count;
  return ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

Connection::Connection(Connections& home, int socket, Transport transport)
    : home_(home),
      socket_(socket),
      transport_(transport),
      output_(home.chunks_),
      session_(home.parts_.sessions, *this, output_, home.parts_.loop.clock()) {
  home_.parts_.loop.watch(socket_, kReadable, *this);
}

Connection::~Connection() { disconnect(); }

std::size_t Connection::pause_bytes() const {
  const auto each =
      static_cast<std::size_t>(home_.parts_.settings.clients.client_reply_pause_bytes.value());
  return std::min(each, home_.budget_.most_unsent());
}

void Connection::on_ready(unsigned readiness) {
  if (is_dead() || leaving_) return;
  if (in_handshake()) return wait_for_turn();
  if ((readiness & kReadable) != 0) {
    if (is_discarding()) {
      discard();
    } else if (!is_closing()) {
      receive();
    }
  }
  if ((readiness & kWritable) != 0) home_.mark_dirty(*this);
}

// A connection that is closed at once gets no more output, so only the turn that closes it visits
// it.
void Connection::closing() {
  if (session_.closing != engine::Closing::now || is_dead()) return home_.mark_dirty(*this);
  leave_message_queue();
  leave_memory_queue();
  home_.mark_leaving(*this);
}
void Connection::unblocked() { home_.mark_dirty(*this); }

// A subscriber's unread messages do not stop us from reading its requests.
void Connection::pushed() {
  home_.mark_message_sent(*this);
  if (outgrew_output_limits()) session_.close(engine::Closing::now);
}

void Connection::working() {
  if (!output_.empty()) home_.mark_dirty(*this);
  if (outgrew_output_limits()) session_.close(engine::Closing::now);
  rank();
}

// Output

// Sends until all is sent, the socket is full, or the turn's share is used up; false if the
// connection is lost.
bool Connection::send_output() {
  std::array<iovec, kMostPieces> pieces;
  for (std::uint64_t sent = 0; !output_.empty() && sent < kMostSentPerTurn;) {
    const std::size_t count = output_.gather(pieces.data(), pieces.size());
    const ssize_t took = tls_ == nullptr ? send_plain(socket_, pieces.data(), count)
                                         : tls_->send({pieces.data(), count}, output_.size());
    if (took <= 0) {
      if (took < 0 && would_block(errno)) return true;
      lose("Error writing to client");
      return false;
    }
    home_.parts_.metrics.writes_processed += 1;
    home_.parts_.metrics.output_bytes += static_cast<std::uint64_t>(took);
    output_.consume(static_cast<std::uint64_t>(took));
    sent += static_cast<std::uint64_t>(took);
    session_.last_active_ms = home_.parts_.loop.clock().steady_ms();
  }
  return true;
}

bool Connection::fits_one_send() const { return output_.chunks() <= kMostPieces; }

void Connection::leave_message_queue() {
  if (message_queue_place_ != ConnectionQueue::kNowhere)
    home_.pending_messages_->leave(message_queue_place_);
  message_queue_place_ = ConnectionQueue::kNowhere;
}

bool Connection::is_done() const {
  if (session_.closing == engine::Closing::now || output_.is_dropping()) return true;
  // If the other end has closed the connection during a wait, there is no client to reply to.
  if (ended_ && session_.is_blocked()) return true;
  return output_.empty() && !is_discarding() && (is_closing() || (ended_ && !stalled_));
}

void Connection::finish_turn() {
  if (is_dead() || leaving_) return;
  leave_message_queue();
  if (const std::uint64_t unsent = output_.size(); unsent > 0) {
    home_.output_peak_.note(unsent);
    output_peak_ = std::max(output_peak_, unsent);
    if (!is_closing() && outgrew_output_limits()) return disconnect();
    if (session_.closing != engine::Closing::now && !output_.is_dropping() && !send_output())
      return;
  }
  if (output_.empty()) forget_excess();
  if (is_done()) {
    leave_memory_queue();
    return home_.close_later(*this);
  }
  if (!in_handshake()) choose_interest();
  rank();
}

void Connection::pause(bool paused) {
  if (paused_ == paused) return;
  paused_ = paused;
  paused ? ++home_.paused_ : --home_.paused_;
}

void Connection::choose_interest() {
  if (paused_ || !output_.empty()) {
    const std::size_t most = pause_bytes();
    pause(output_.size() > (paused_ ? most / 2 : most));
  }
  // While a command waits or continues in later turns its client is still read: input is kept, and
  // the end of the connection is detected.
  const bool waits = (stalled_ && !session_.is_parked()) || waits_for_memory();
  const bool reads = is_discarding() || (!waits && !paused_ && !ended_ && !is_closing());
  home_.parts_.loop.change(*this, (reads ? kReadable : 0u) | (output_.empty() ? 0u : kWritable));
}

// The end

void Connection::lose(const char* what) {
  if (home_.parts_.log.wants(base::LogLevel::verbose)) {
    home_.parts_.log.verbose(std::string(what) + ": " + std::strerror(errno) + " " + describe());
  }
  disconnect();
}

void Connection::disconnect() {
  if (is_dead()) return;
  session_.leave();
  leave_message_queue();
  leave_memory_queue();
  home_.budget_.forget(*this);
  drop_tls();
  pause(false);
  home_.ranks_->remove(*this);
  home_.parts_.loop.forget(*this);
  ::close(socket_);
  socket_ = -1;
  input_.clear();
  reader_.reset();
  home_.defer_detach(output_);
  home_.mark_dead(*this);
}

// Information for other parts

std::string Connection::address() const { return peer_name(socket_); }
std::string Connection::local_address() const { return local_name(socket_); }
bool Connection::is_local() const { return is_unix_socket() || is_loopback(socket_); }

std::size_t Connection::queue_bytes() const {
  const engine::Transaction* transaction = engine::Transaction::of(session_);
  return transaction == nullptr ? 0 : transaction->bytes();
}

}  // namespace larder::net
