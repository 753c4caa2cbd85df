#include "connection.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>

#include "larder/engine/transaction.h"
#include "sockets.h"

namespace larder::net {
namespace {

// One send gathers at most this many pieces, and one visit sends at most this many bytes to one
// connection, so that a large reply does not delay the others.
constexpr std::size_t kMostPieces = 64;
constexpr std::uint64_t kMostSentAtOnce = 4 << 20;

// A connection that gets texts without a request is ranked again after so many.
constexpr std::size_t kChunksBetweenRanks = 64;

// Leaves out what is behind the first `most` bytes; returns the number of pieces.
std::size_t shorten(std::span<iovec> pieces, std::uint64_t most) {
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (pieces[i].iov_len >= most) {
      pieces[i].iov_len = most;
      return i + 1;
    }
    most -= pieces[i].iov_len;
  }
  return pieces.size();
}

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

Connection::Connection(Services& services, int socket, Transport transport)
    : services_(services),
      socket_(socket),
      transport_(transport),
      output_(services.chunks),
      session_(services.parts.sessions, *this, output_, services.clock) {
  services_.parts.loop.watch(socket_, kReadable, *this);
}

Connection::~Connection() { disconnect(); }

std::size_t Connection::pause_bytes() const {
  const auto each =
      static_cast<std::size_t>(services_.parts.settings.clients.client_reply_pause_bytes.value());
  return std::min(each, services_.memory.most_unsent());
}

void Connection::on_ready(unsigned readiness) {
  if (!is_open()) return;
  if (in_handshake()) {
    services_.parts.loop.change(*this, kNothing);
    return services_.handshakes.queue(*this);
  }
  if ((readiness & kReadable) != 0) {
    if (is_discarding()) {
      services_.reader.run_and_discard(*this);
    } else if (!is_closing()) {
      services_.reader.run_and_read(*this);
    }
  }
  if ((readiness & kWritable) != 0) visit_at_turn_end();
}

// A connection that is closed at once gets no more output, so only the turn that closes it visits
// it.
void Connection::closing() {
  if (is_still_) return;
  if (session_.closing != engine::Closing::now || is_dead()) return visit_at_turn_end();
  services_.sender.leave_messages(*this);
  services_.memory.stop_waiting(*this);
  services_.closer.queue(*this);
}

// Its wait for keys may end while it waits for the room of its reply as well.
void Connection::unblocked() {
  if (session_.is_held_for_reply() && !session_.is_parked()) {
    services_.memory.stop_waiting(*this);
    session_.resume();
  }
  // No request is left that another turn would continue with.
  if (!session_.is_parked() && input_.empty()) stalled_ = false;
  services_.sender.visit_resumed(*this);
}

void Connection::keep_still() {
  is_still_ = true;
  services_.parts.loop.change(*this, kNothing);
}

// A subscriber's unread messages do not stop us from reading its requests.
void Connection::pushed() {
  services_.sender.queue_message(*this);
  services_.memory.note_push();
  if (output_.chunks() % kChunksBetweenRanks == kChunksBetweenRanks - 1) rank();
  if (outgrew_output_limits()) session_.close(engine::Closing::now);
}

void Connection::working() {
  if (!output_.empty()) visit_at_turn_end();
  if (outgrew_output_limits()) session_.close(engine::Closing::now);
  rank();
}

// Output

// One send of at most `most` bytes, of which there are as many. Returns how many were sent: none if
// the socket is full or the connection is lost.
std::uint64_t Connection::send_some(std::uint64_t most) {
  std::array<iovec, kMostPieces> pieces;
  std::size_t count = output_.gather(pieces.data(), pieces.size());
  if (__builtin_expect(most < output_.size(), 0)) count = shorten({pieces.data(), count}, most);
  const ssize_t took = tls_ == nullptr ? send_plain(socket_, pieces.data(), count)
                                       : tls_->send({pieces.data(), count}, most);
  if (took <= 0) {
    if (took == 0 || !would_block(errno)) lose("Error writing to client");
    return 0;
  }
  const auto sent = static_cast<std::uint64_t>(took);
  services_.parts.metrics.writes_processed += 1;
  services_.parts.metrics.output_bytes += sent;
  output_.consume(sent);
  if (__builtin_expect(!held_.empty(), 0)) held_.sent(sent);
  session_.last_active_ms = services_.clock.steady_ms();
  return sent;
}

// Sends until all is sent that may be, the socket is full, or there is no more time; false if the
// connection is lost.
bool Connection::send_output() {
  std::uint64_t left = sendable();
  if (__builtin_expect(left > Sender::kAtOnceBytes, 0)) return send_large(left);
  while (left > 0) {
    const std::uint64_t sent = send_some(left);
    if (sent == 0) break;
    left -= sent;
  }
  return !is_dead();
}

// Published messages do not wait for time, because nothing slows down their publishers.
bool Connection::send_large(std::uint64_t most) {
  const bool hurries = output_.shared_bytes() > 0;
  most = std::min(most, kMostSentAtOnce);
  while (most > 0) {
    if (!hurries && !services_.sender.has_time_for_part()) {
      services_.sender.continue_later(*this);
      break;
    }
    const std::uint64_t sent = send_some(hurries ? most : std::min(most, Sender::kPartBytes));
    if (sent == 0) break;
    most -= sent;
  }
  return !is_dead();
}

bool Connection::fits_one_send() const { return output_.chunks() <= kMostPieces; }

bool Connection::is_done() const {
  if (session_.closing == engine::Closing::now || output_.is_dropping()) return true;
  // If the other end has closed the connection during a wait, there is no client to reply to.
  if (ended_ && session_.is_blocked()) return true;
  return output_.empty() && !is_discarding() && (is_closing() || (ended_ && !stalled_));
}

void Connection::finish_turn() {
  if (!is_open() || is_still_) return;
  services_.sender.leave_messages(*this);
  if (__builtin_expect(source_ != nullptr, 0)) end_interrupted_source();
  if (const std::uint64_t unsent = output_.size(); unsent > 0) {
    services_.peaks.output.note(unsent);
    output_peak_ = std::max(output_peak_, unsent);
    if (__builtin_expect(session_.shown_position > services_.parts.executor.released(), 0)) {
      held_.hold(unsent, session_.shown_position);
    }
    if (!is_closing() && outgrew_output_limits()) return disconnect();
    if (session_.closing != engine::Closing::now && !output_.is_dropping() && !send_output())
      return;
  }
  if (__builtin_expect(source_ != nullptr, 0) && !send_source()) return;
  if (output_.empty()) forget_excess();
  if (is_done()) {
    services_.memory.stop_waiting(*this);
    return services_.closer.close(*this);
  }
  if (__builtin_expect(!held_.empty(), 0)) services_.sender.wait_for_release(*this);
  if (!in_handshake()) choose_interest();
  rank();
  if (can_continue()) services_.reader.continue_later(*this);
}

void Connection::pause(bool paused) {
  if (paused_ == paused) return;
  paused_ = paused;
  paused ? services_.reader.count_paused() : services_.reader.count_resumed();
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
  const bool has_output = sendable() > 0 || source_state_ == SourceState::waits_for_socket;
  const bool writes = has_output && !in_sender.continues();
  services_.parts.loop.change(*this, (reads ? kReadable : 0u) | (writes ? kWritable : 0u));
}

// The end

void Connection::lose(const char* what) {
  if (services_.parts.log.wants(base::LogLevel::verbose)) {
    services_.parts.log.verbose(std::string(what) + ": " + std::strerror(errno) + " " + describe());
  }
  disconnect();
}

void Connection::disconnect() {
  if (is_dead()) return;
  session_.leave();
  services_.sender.forget(*this);
  services_.reader.forget(*this);
  services_.memory.forget(*this);
  services_.list.remove(*this);
  drop_tls();
  pause(false);
  services_.parts.loop.forget(*this);
  ::close(socket_);
  socket_ = -1;
  input_.clear();
  reader_.reset();
  services_.closer.take_unsent_output(output_);
  services_.closer.retire(*this);
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
