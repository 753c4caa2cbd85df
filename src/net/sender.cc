#include "sender.h"

#include "connection.h"
#include "larder/base/budget.h"

namespace larder::net {
namespace {

// The time in a turn for sending output without a request, and the number of sends between two
// readings of the clock.
constexpr std::int64_t kMessagesUs = 250;
constexpr std::uint32_t kSendsBetweenLooks = 8;
// The number of connections that a turn visits after a release, and after the ends of waits.
constexpr std::size_t kReleasedAtOnce = 16;
constexpr std::size_t kResumedAtOnce = 32;

// The time in a turn for sending large output. It is twice as much while many connections wait, so
// that they get their part of the time of turns in which many requests run.
constexpr std::int64_t kPartsUs = 300;
constexpr std::size_t kMany = 16;

}  // namespace

void Sender::visit_at_turn_end(Connection& connection) {
  if (connection.is_open()) visits_.add(connection, connection.in_sender.visit);
}

void Sender::visit_first(Connection& connection) {
  if (connection.is_open()) streams_.add(connection, connection.in_sender.stream);
}

void Sender::visit_resumed(Connection& connection) {
  if (++resumed_ <= kResumedAtOnce) return visit_at_turn_end(connection);
  queue_message(connection);
}

void Sender::queue_message(Connection& connection) {
  const Slot& slot = connection.in_sender;
  const bool is_pending =
      slot.visit != ConnectionVisits::kNowhere || slot.message != ConnectionQueue::kNowhere;
  if (is_pending || !connection.is_open()) return;
  messages_.join(connection, connection.in_sender.message);
}

void Sender::wait_for_release(Connection& connection) {
  if (connection.in_sender.held != ConnectionQueue::kNowhere) return;
  held_.join(connection, connection.in_sender.held);
}

void Sender::release(std::uint64_t position) {
  if (position != released_) due_ = held_.last();
  released_ = position;
  if (due_ == ConnectionQueue::kNowhere) return;
  for (std::size_t visited = 0; visited < kReleasedAtOnce; ++visited) {
    Connection* const connection = held_.first();
    if (connection == nullptr || connection->in_sender.held > due_) {
      due_ = ConnectionQueue::kNowhere;
      return;
    }
    held_.leave(connection->in_sender.held);
    visit_at_turn_end(*connection);
  }
}

void Sender::leave_messages(Connection& connection) {
  messages_.leave(connection.in_sender.message);
}

void Sender::forget(Connection& connection) {
  leave_messages(connection);
  streams_.leave(connection.in_sender.stream);
  visits_.leave(connection.in_sender.visit);
  held_.leave(connection.in_sender.held);
  large_.leave(connection.in_sender.large);
}

bool Sender::has_time_for_part() {
  const std::int64_t now_us = clock_.steady_now_us();
  if (parts_end_us_ == 0) {
    parts_end_us_ = now_us + (large_.size() < kMany ? kPartsUs : 2 * kPartsUs);
  }
  return now_us < parts_end_us_;
}

void Sender::continue_later(Connection& connection) {
  if (!connection.in_sender.continues()) large_.join(connection, connection.in_sender.large);
}

void Sender::send_parts() {
  while (Connection* const connection = large_.first()) {
    if (!has_time_for_part()) return;
    large_.leave(connection->in_sender.large);
    connection->finish_turn();
  }
}

void Sender::send_replies() {
  parts_end_us_ = 0;
  resumed_ = 0;
  streams_.visit_all([](Connection& connection) {
    connection.in_sender.stream = ConnectionVisits::kNowhere;
    connection.finish_turn();
  });
  send_parts();
  visits_.visit_all([](Connection& connection) {
    connection.in_sender.visit = ConnectionVisits::kNowhere;
    connection.finish_turn();
  });
}

void Sender::send_messages() {
  if (messages_.empty()) return;
  base::Budget time(clock_, kMessagesUs);
  bool is_late = false;
  while (Connection* const connection = messages_.first()) {
    if (is_late && connection->fits_one_send()) break;
    leave_messages(*connection);
    connection->finish_turn();
    is_late = is_late || time.spent(kSendsBetweenLooks);
  }
}

}  // namespace larder::net
