#pragma once

// The connections with output to send. Those with replies, or with something else that the end of
// the turn must handle, are visited in each turn. Those that got output without a request (a
// message, an invalidation) are queued behind them: a turn sends to this queue for a quarter of a
// millisecond. A connection with more output than one send takes is not postponed, however fast
// messages come.
//
// Copying a megabyte to a socket takes the system about a third of a millisecond, so large replies
// are sent in parts: in each turn they share 0.3 ms, or 0.6 if many connections wait. What is left
// is sent in the next turns, one connection after the other.

#include <cstddef>
#include <cstdint>

#include "connection_queue.h"
#include "larder/base/clock.h"

namespace larder::net {

class Sender {
 public:
  // What each connection stores for the sender.
  struct Slot {
    ConnectionVisits::Place stream = ConnectionVisits::kNowhere;
    ConnectionVisits::Place visit = ConnectionVisits::kNowhere;
    ConnectionQueue::Place message = ConnectionQueue::kNowhere;
    ConnectionQueue::Place held = ConnectionQueue::kNowhere;
    ConnectionQueue::Place large = ConnectionQueue::kNowhere;

    // Its output is sent without an event of its socket.
    bool continues() const { return large != ConnectionQueue::kNowhere; }
  };

  // More unsent output than this waits for its time, and is sent in parts. Smaller parts would cost
  // more: each wakes up the client.
  static constexpr std::uint64_t kAtOnceBytes = 64 << 10;
  static constexpr std::uint64_t kPartBytes = 1 << 20;

  explicit Sender(const base::Clock& clock) : clock_(clock) {}

  // The end of this turn, or of the next if it is being handled, visits the connection. Ignored if
  // it is closed or will be.
  void visit_at_turn_end(Connection& connection);
  // The same for a replica, whose stream grew: before the replies, because clients may wait for it.
  void visit_first(Connection& connection);
  // The same for a connection that continues after a wait. If many do so in one turn, they are
  // queued like those with messages.
  void visit_resumed(Connection& connection);
  // It got output without a request, and nothing else happened to it.
  void queue_message(Connection& connection);
  // It has output that waits for the journal.
  void wait_for_release(Connection& connection);
  // The journal has released effects up to this position: connections that wait for it are visited,
  // a few in each turn, so that their next requests are read and written meanwhile.
  void release(std::uint64_t position);
  // Its output is sent, or will not be.
  void leave_messages(Connection& connection);
  // It is closed.
  void forget(Connection& connection);

  // Whether this turn has time for another part of large output.
  bool has_time_for_part();
  // The next turns send more of its output.
  void continue_later(Connection& connection);

  // Sends what the sockets of all connections to visit take.
  void send_replies();
  void send_messages();

  bool has_work() const {
    return !streams_.empty() || !visits_.empty() || !messages_.empty() || !large_.empty() ||
           due_ != ConnectionQueue::kNowhere;
  }
  std::size_t held_bytes() const {
    return streams_.held_bytes() + visits_.held_bytes() + messages_.held_bytes() +
           held_.held_bytes() + large_.held_bytes();
  }

 private:
  void send_parts();

  const base::Clock& clock_;
  ConnectionVisits streams_;
  ConnectionVisits visits_;
  std::size_t resumed_ = 0;  // in this turn
  ConnectionQueue messages_;
  ConnectionQueue held_;
  ConnectionQueue::Place due_ = ConnectionQueue::kNowhere;  // the last of them to visit
  ConnectionQueue large_;
  // When the turn's time for large output ends; 0 before the first part.
  std::int64_t parts_end_us_ = 0;
  std::uint64_t released_ = 0;
};

}  // namespace larder::net
