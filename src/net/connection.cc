#include "connection.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "larder/base/text.h"
#include "larder/engine/transaction.h"
#include "sockets.h"

namespace larder::net {
namespace {

// One send gathers at most this many pieces, and one turn sends at most this many bytes to one
// connection, so that a large reply does not hold up the others.
constexpr std::size_t kMostPieces = 64;
constexpr std::uint64_t kMostSentPerTurn = 4 << 20;

// A large request is received in steps of at most this many bytes.
constexpr std::size_t kMostReadDirectly = 1 << 20;

ssize_t send_plain(int socket, const iovec* pieces, std::size_t count) {
  if (count == 1) {
    return ::send(socket, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces);
  message.msg_iovlen = count;
  return ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

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
  if (is_dead()) return;
  if (is_shaking_hands()) return wait_for_turn();
  if ((readiness & kReadable) != 0 && !is_closing()) receive();
  if ((readiness & kWritable) != 0) home_.mark_dirty(*this);
}

void Connection::closing() { home_.mark_dirty(*this); }
void Connection::unblocked() { home_.mark_dirty(*this); }

// Who is sent what he did not ask for is not slowed down by not being read.
void Connection::pushed() {
  home_.mark_told(*this);
  if (outgrew_output_limits()) session_.close(engine::Closing::now);
}

// Input

ssize_t Connection::read_into(std::span<char> room) {
  const ssize_t got =
      tls_ == nullptr ? ::recv(socket_, room.data(), room.size(), 0) : tls_->receive(room);
  home_.parts_.metrics.reads_processed += 1;
  if (got > 0) {
    home_.parts_.metrics.input_bytes += static_cast<std::uint64_t>(got);
    session_.last_active_ms = home_.parts_.loop.clock().steady_ms();
    if (has_unread()) home_.mark_dirty(*this);
  } else if (got == 0) {
    ended_ = true;
    home_.mark_dirty(*this);
  } else if (!would_block()) {
    lose("Reading from client");
  }
  return got;
}

std::span<const char> Connection::take_in() {
  if (input_.size() > kMostCopied || wanted_ > kReadBytes) {
    std::span<char> room = input_.room(wanted_);
    room = room.first(std::min(room.size(), kMostReadDirectly));
    const ssize_t got = read_into(room);
    if (got <= 0) return {};
    input_.added(static_cast<std::size_t>(got));
    return input_.bytes();
  }
  char* const shared = home_.read_buffer_.get();
  const std::span<const char> kept = input_.bytes();
  if (!kept.empty()) std::memcpy(shared, kept.data(), kept.size());
  const ssize_t got = read_into({shared + kept.size(), kReadBytes});
  if (got <= 0) return {};
  return {shared, kept.size() + static_cast<std::size_t>(got)};
}

void Connection::receive() {
  if (home_.full_) return;
  const std::span<const char> input = take_in();
  if (input.empty()) return;
  const std::size_t done = session_.is_blocked() ? 0 : run_requests(input);
  if (is_dead()) return;
  keep(input, done);
  home_.input_peak_.note(input.size());
  if ((!input_.empty() || queue_bytes() > 0) && outgrew_its_limit()) return disconnect();
  if (input_.capacity() >= ClientRanks::kLeastBytes) home_.note_growth();
  // The end of the turn sees to the others.
  if (!dirty_) rank();
}

std::size_t Connection::run_requests(std::span<const char> input) {
  std::size_t done = 0;
  stalled_ = false;
  wanted_ = 0;
  resp::Batch& batch = home_.batch_;
  const auto most_bulk =
      static_cast<std::uint64_t>(home_.parts_.settings.clients.proto_max_bulk_len.value());
  for (auto status = resp::Parsed::Status::full; status == resp::Parsed::Status::full;) {
    batch.clear();
    const resp::Parsed parsed =
        reader_.parse(input.subspan(done), batch,
                      {.max_bulk_bytes = most_bulk, .authenticated = session_.authenticated()});
    status = parsed.status;
    const auto requests = batch.requests();
    const std::size_t ran =
        requests.empty() ? 0 : home_.parts_.executor.run(session_, requests, pause_bytes());
    if (ran < requests.size() || session_.is_blocked()) {
      for (std::size_t i = 0; i < ran; ++i) done += requests[i].bytes;
      reader_.reset();
      stalled_ = !is_closing();
      break;
    }
    done += parsed.consumed;
    wanted_ = parsed.wanted;
    if (is_closing()) break;
    if (status == resp::Parsed::Status::failed) {
      session_.reply.error(parsed.error);
      session_.close(engine::Closing::after_reply);
    }
  }
  batch.clear();
  // Those who come after in this turn shall know what this one took.
  if (output_.held_bytes() > resp::ChunkPool::kChunkBytes) home_.note_growth();
  if (is_closing()) {
    done = input.size();
    wanted_ = 0;
  }
  home_.mark_dirty(*this);
  return done;
}

void Connection::keep(std::span<const char> input, std::size_t done) {
  if (input.data() == input_.bytes().data()) return input_.drop(done);
  if (done == 0) return input_.append(input.subspan(input_.size()));
  input_.assign(input.subspan(done));
}

bool Connection::outgrew_its_limit() {
  const auto limit =
      static_cast<std::uint64_t>(home_.parts_.settings.clients.client_query_buffer_limit.value());
  if (input_.size() + reader_.held_bytes() + queue_bytes() <= limit) return false;
  const auto start = input_.bytes().first(std::min<std::size_t>(input_.size(), 64));
  home_.parts_.log.warning("Closing client that reached max query buffer length: " + describe() +
                           " (qbuf initial bytes: " + base::quoted({start.data(), start.size()}) +
                           ")");
  home_.parts_.metrics.query_limit_disconnections += 1;
  return true;
}

void Connection::resume() {
  if (is_dead() || is_closing()) return;
  if (has_unread()) return receive();
  input_.drop(run_requests(input_.bytes()));
}

// Output

// Sends until all is out, the socket is full, or the turn's share is used up; false when the
// connection is lost.
bool Connection::send_output() {
  std::array<iovec, kMostPieces> pieces;
  for (std::uint64_t sent = 0; !output_.empty() && sent < kMostSentPerTurn;) {
    const std::size_t count = output_.gather(pieces.data(), pieces.size());
    const ssize_t took = tls_ == nullptr ? send_plain(socket_, pieces.data(), count)
                                         : tls_->send({pieces.data(), count}, output_.size());
    if (took <= 0) {
      if (took < 0 && would_block()) return true;
      lose("Error writing to client");
      return false;
    }
    home_.parts_.metrics.writes_processed += 1;
    home_.parts_.metrics.output_bytes += static_cast<std::uint64_t>(took);
    output_.consume(static_cast<std::uint64_t>(took));
    sent += static_cast<std::uint64_t>(took);
  }
  return true;
}

bool Connection::fits_one_send() const { return output_.chunks() <= kMostPieces; }

void Connection::leave_news_line() {
  if (news_place_ != WaitingLine::kNowhere) home_.news_->leave(news_place_);
  news_place_ = WaitingLine::kNowhere;
}

bool Connection::is_done() const {
  if (session_.closing == engine::Closing::now) return true;
  // Nobody is left to be answered when the other end has gone from a wait.
  if (ended_ && session_.is_blocked()) return true;
  return output_.empty() && (is_closing() || (ended_ && !stalled_));
}

void Connection::finish_turn() {
  if (is_dead()) return;
  leave_news_line();
  if (const std::uint64_t unsent = output_.size(); unsent > 0) {
    home_.output_peak_.note(unsent);
    output_peak_ = std::max(output_peak_, unsent);
    if (!is_closing() && outgrew_output_limits()) return disconnect();
    if (session_.closing != engine::Closing::now && !send_output()) return;
  }
  if (output_.empty()) forget_excess();
  if (is_done()) return disconnect();
  if (!is_shaking_hands()) choose_interest();
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
  // Who waits for keys is read all the same: what comes is kept, and his going is noticed.
  const bool waits = stalled_ && !session_.is_blocked();
  const bool reads = !waits && !paused_ && !ended_ && !is_closing();
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
  leave_news_line();
  drop_tls();
  pause(false);
  home_.ranks_->remove(*this);
  home_.parts_.loop.forget(*this);
  ::close(socket_);
  socket_ = -1;
  input_.clear();
  reader_.reset();
  home_.leave_behind(output_);
  home_.mark_dead(*this);
}

// What others want to know

std::string Connection::address() const { return peer_name(socket_); }
std::string Connection::local_address() const { return local_name(socket_); }
bool Connection::is_local() const { return is_unix_socket() || is_loopback(socket_); }

std::size_t Connection::queue_bytes() const {
  const engine::Transaction* transaction = engine::Transaction::of(session_);
  return transaction == nullptr ? 0 : transaction->bytes();
}

}  // namespace larder::net
