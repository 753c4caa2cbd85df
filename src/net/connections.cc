#include "larder/net/connections.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "client_ranks.h"
#include "connection.h"
#include "connection_queue.h"
#include "handshakes.h"
#include "larder/base/budget.h"
#include "larder/memory/heap.h"
#include "sockets.h"

namespace larder::net {
namespace {

constexpr std::string_view kTooMany = "-ERR max number of clients reached\r\n";

// Clients search for the first sentence.
constexpr std::string_view kProtected =
    "-DENIED Redis is running in protected mode because protected mode is enabled and no password "
    "is set for the default user. Until that changes only clients on the server's own machine are "
    "served. To let others in, set a password ('CONFIG SET requirepass ...'), or, if the network "
    "is a trusted one, turn the protection off ('CONFIG SET protected-mode no', the configuration "
    "file, or '--protected-mode no' at the start).\r\n";

// This many failed handshakes in a second are logged individually.
constexpr std::size_t kMostFailuresLogged = 10;

// The time in a turn for sending output without a request, and the number of sends between two
// readings of the clock.
constexpr std::int64_t kNewsUs = 250;
constexpr std::uint32_t kSendsBetweenLooks = 8;

// The time in a turn for closing connections; each takes a system call of some microseconds.
constexpr std::int64_t kClosingUs = 300;

// How long a peak of buffer use is remembered: at least one period, at most two.
constexpr std::int64_t kPeakPeriodMs = 5000;

// The error is sent without retrying: a refused connection gets no buffer.
void refuse(int descriptor, std::string_view reason) {
  [[maybe_unused]] const ssize_t sent =
      ::send(descriptor, reason.data(), reason.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::close(descriptor);
}

}  // namespace

Connections::Connections(const Parts& parts)
    : parts_(parts),
      budget_(parts.memory, parts.executor, chunks_, remains_),
      ranks_(std::make_unique<ClientRanks>()),
      read_ahead_(std::make_unique<ReadAhead>()),
      handshakes_(std::make_unique<Handshakes>()),
      pending_messages_(std::make_unique<ConnectionQueue>()),
      memory_wait_queue_(std::make_unique<ConnectionQueue>()),
      stall_timeout_ms_(kMostStallMs) {}

Connections::~Connections() {
  while (first_ != nullptr) {
    first_->disconnect();
    defer_free();
    remains_.clear();
  }
}

bool Connections::is_unauthenticated_remote(int descriptor, Transport transport) const {
  return transport != Transport::unix_socket && parts_.settings.listen.protected_mode.value() &&
         !parts_.credentials.password_required() && !is_loopback(descriptor);
}

// With TLS no error can be sent before the handshake.
bool Connections::is_rejected(int descriptor, Transport transport) {
  const bool can_send_error = transport != Transport::tls;
  std::string_view reason;
  if (size_ >= static_cast<std::size_t>(parts_.settings.clients.maxclients.value())) {
    if (can_send_error) reason = kTooMany;
  } else if (can_send_error && is_unauthenticated_remote(descriptor, transport)) {
    reason = kProtected;
  } else {
    return false;
  }
  parts_.metrics.rejected_connections += 1;
  refuse(descriptor, reason);
  return true;
}

void Connections::handshake_done(Connection& connection) {
  if (is_unauthenticated_remote(connection.descriptor(), Transport::tls)) {
    parts_.metrics.rejected_connections += 1;
    connection.output_.append(kProtected);
    connection.session().close(engine::Closing::after_reply);
  }
  mark_dirty(connection);
}

// A client may try any number of handshakes: the log must stay bounded.
void Connections::note_failed_handshake(const std::string& what) {
  const std::int64_t now = parts_.loop.clock().steady_ms();
  if (now - failures_since_ms_ >= 1000) {
    if (failures_ > kMostFailuresLogged) {
      parts_.log.warning("Error accepting " + std::to_string(failures_ - kMostFailuresLogged) +
                         " further client connections");
    }
    failures_since_ms_ = now;
    failures_ = 0;
  }
  if (++failures_ <= kMostFailuresLogged) parts_.log.warning(what);
}

void Connections::on_accepted(int descriptor, Transport transport) {
  if (parts_.log.wants(base::LogLevel::verbose)) {
    parts_.log.verbose("Accepted " + peer_name(descriptor));
  }
  if (is_rejected(descriptor, transport)) return;
  parts_.metrics.connections_received += 1;
  if (transport != Transport::unix_socket) {
    disable_delay(descriptor);
    keep_alive(descriptor, static_cast<int>(parts_.settings.listen.tcp_keepalive.value()));
  }
  auto* const connection =
      memory::make<Connection>(memory::Owner::client_input, *this, descriptor, transport);
  if (transport == Transport::tls) connection->secure(*parts_.tls);
  parts_.credentials.admit(connection->session());
  connection->previous_ = last_;
  (last_ != nullptr ? last_->next_ : first_) = connection;
  last_ = connection;
  ++size_;
}

void Connections::mark_dirty(Connection& connection) {
  if (connection.dirty_ || connection.is_dead()) return;
  connection.dirty_ = true;
  dirty_.push_back(&connection);
}

void Connections::mark_message_sent(Connection& connection) {
  if (connection.dirty_ || connection.message_queue_place_ != ConnectionQueue::kNowhere ||
      connection.is_dead())
    return;
  connection.message_queue_place_ = pending_messages_->join(connection);
}

bool Connections::has_work() const {
  return !dirty_.empty() || !pending_messages_->empty() || !leaving_.empty();
}

bool Connections::close_budget_left() {
  const std::int64_t now_us = parts_.loop.clock().steady_now_us();
  if (closing_until_us_ == 0) closing_until_us_ = now_us + kClosingUs;
  return now_us < closing_until_us_;
}

// Stays dirty while it waits, so that it is not added again.
void Connections::mark_leaving(Connection& connection) {
  if (connection.leaving_) return;
  connection.leaving_ = connection.dirty_ = true;
  leaving_.push_back(&connection);
}

void Connections::close_later(Connection& connection) {
  if (leaving_.empty() && close_budget_left()) return connection.disconnect();
  mark_leaving(connection);
}

void Connections::close_pending() {
  std::size_t gone = 0;
  while (gone < leaving_.size() && close_budget_left()) {
    Connection& connection = *leaving_[gone++];
    connection.leaving_ = false;
    connection.disconnect();
  }
  leaving_.erase(leaving_.begin(), leaving_.begin() + static_cast<std::ptrdiff_t>(gone));
}

void Connections::mark_dead(Connection& connection) {
  --size_;
  if (connection.leaving_) leaving_.erase(std::find(leaving_.begin(), leaving_.end(), &connection));
  if (cursor_ == &connection) cursor_ = connection.next_;
  (connection.previous_ != nullptr ? connection.previous_->next_ : first_) = connection.next_;
  (connection.next_ != nullptr ? connection.next_->previous_ : last_) = connection.previous_;
  dead_.push_back(&connection);
}

void Connections::defer_free() {
  for (Connection* connection : dead_) memory::destroy(memory::Owner::client_input, connection);
  dead_.clear();
  budget_.closed_hold(0);
}

[[gnu::always_inline]] inline void Connections::finish_turn(Connection& connection) {
  connection.finish_turn();
  if (!connection.is_dead() && !connection.leaving_ && connection.can_resume())
    stalled_.push_back(&connection);
}

Reading& Connections::next_reading() {
  Reading& reading = read_ahead_->next();
  if (reading.connection != nullptr) reading.connection->finish(reading);
  return reading;
}

void Connections::fetch_entries(const Reading& reading) {
  if (reading.connection != nullptr)
    parts_.executor.fetch_entries(reading.connection->session(), reading.plan);
}

void Connections::finish_readings() {
  fetch_entries(read_ahead_->newest());
  for (std::size_t i = 0; i < ReadAhead::kAhead; ++i) next_reading();
}

// A connection with more output than one send takes is not postponed, however fast messages come.
void Connections::send_pending_messages() {
  base::Budget time(parts_.loop.clock(), kNewsUs);
  bool is_late = false;
  while (Connection* const connection = pending_messages_->first()) {
    if (is_late && connection->fits_one_send()) break;
    pending_messages_->advance();
    connection->message_queue_place_ = ConnectionQueue::kNowhere;
    finish_turn(*connection);
    is_late = is_late || time.spent(kSendsBetweenLooks);
  }
}

TurnWork Connections::end_turn() {
  finish_readings();
  handshakes_->run(parts_.loop.clock());
  for (Connection* connection : stalled_) connection->resume();
  stalled_.clear();
  finish_readings();
  // Replies are sent only after the flush, and only here.
  parts_.executor.flush();
  // Nothing in this loop makes another connection dirty.
  if (!leaving_.empty()) close_pending();
  for (std::size_t i = 0; i < dirty_.size(); ++i) {
    dirty_[i]->dirty_ = false;
    finish_turn(*dirty_[i]);
  }
  dirty_.clear();
  if (!pending_messages_->empty()) send_pending_messages();
  // The output of commands that run here is sent in the next turn.
  const bool evicts = !memory_wait_queue_->empty() && serve_memory_queue();
  const bool over = keep_to_budget();
  if (!dead_.empty()) defer_free();
  if (!remains_.empty()) free_remains();
  closing_until_us_ = 0;
  const bool done = stalled_.empty() && leaving_.empty() && remains_.empty() &&
                    handshakes_->line.empty() && pending_messages_->empty() && !over && !evicts &&
                    dirty_.empty();
  return done ? TurnWork::nothing : TurnWork::work;
}

void Connections::run_periodic(std::size_t calls) {
  chunks_.trim();
  const std::int64_t now = parts_.loop.clock().steady_ms();
  for (std::size_t left = size_ / std::max<std::size_t>(calls, 1) + 1; left > 0; --left) {
    if (cursor_ == nullptr) cursor_ = first_;
    if (cursor_ == nullptr) break;
    Connection& connection = *cursor_;
    cursor_ = connection.next_;
    look_after(connection, now);
  }
  disconnect_stalled(now);
  if (now - peaks_rolled_ms_ >= kPeakPeriodMs) roll_peaks();
}

void Connections::look_after(Connection& connection, std::int64_t now_ms) {
  engine::Session& session = connection.session();
  if (session.closing != engine::Closing::no) {
    if (connection.still_ms(now_ms) < kMostStallMs) return;
    connection.stop_discarding();
    return mark_dirty(connection);
  }
  if (connection.is_late_with_handshake(now_ms)) {
    note_failed_handshake("Error accepting a client connection: handshake timed out (addr=" +
                          connection.address() + " laddr=" + connection.local_address() + ")");
    return session.close(engine::Closing::now);
  }
  if (connection.outgrew_output_limits()) return session.close(engine::Closing::now);
  connection.rank();
  connection.roll_peak(now_ms, peak_reset_ms());
  const std::int64_t most_idle_ms = parts_.settings.clients.timeout.value() * 1000;
  if (connection.is_stuck() &&
      connection.still_ms(now_ms) > (most_idle_ms != 0 ? most_idle_ms : kMostStuckMs)) {
    parts_.log.warning("Closing client that sends requests and does not take the replies: " +
                       connection.describe());
    return session.close(engine::Closing::now);
  }
  if (most_idle_ms == 0 || connection.waits_for_memory() || session.is_parked() ||
      session.is_held() || session.is_listener() ||
      now_ms - session.last_active_ms <= most_idle_ms) {
    return;
  }
  parts_.log.verbose("Closing idle client");
  session.close(engine::Closing::now);
}

std::int64_t Connections::peak_reset_ms() const {
  return parts_.reply_peak == nullptr ? engine::ReplyPeak::kUsualMs : parts_.reply_peak->reset_ms;
}

void Connections::roll_peaks() {
  peaks_rolled_ms_ = parts_.loop.clock().steady_ms();
  for (Peak* peak : {&input_peak_, &output_peak_}) {
    peak->before = peak->now;
    peak->now = 0;
  }
}

std::uint64_t Connections::recent_input_bytes() const {
  return std::max(input_peak_.now, input_peak_.before);
}
std::uint64_t Connections::recent_output_bytes() const {
  return std::max(output_peak_.now, output_peak_.before);
}

}  // namespace larder::net
