#pragma once

// Closes connections, each of which takes a system call of some microseconds, and frees what they
// leave. A turn has a bounded time for each: the rest follows in the next turns. No other step of a
// turn visits a connection that waits to be closed.

#include <cstddef>
#include <cstdint>

#include "connection_queue.h"
#include "larder/base/clock.h"
#include "larder/base/turn_time.h"
#include "larder/memory/audit.h"
#include "larder/resp/reply_buffer.h"

namespace larder::net {

class Connection;

class Closer {
 public:
  // What each connection stores for the closer.
  struct Slot {
    ConnectionQueue::Place place = ConnectionQueue::kNowhere;
  };

  // The ready connections that a turn serves when one of them has ended, and while others wait to
  // be closed: many may have ended, and reading that takes time too.
  static constexpr std::size_t kReadyWhileClosing = 64;

  Closer(const base::Clock& clock, base::TurnTime& turn_time, resp::ChunkPool& chunks)
      : clock_(clock), turn_time_(turn_time), remains_(chunks) {}
  Closer(const Closer&) = delete;
  Closer& operator=(const Closer&) = delete;

  // Disconnects it: now if there is time, otherwise in one of the next turns.
  void close(Connection& connection);
  // Disconnects it in this turn or in one of the next.
  void queue(Connection& connection);
  // Disconnects queued connections until the turn's time for closing is spent.
  void close_queued();

  // It is disconnected: its object is freed at the end of the turn.
  void retire(Connection& connection);
  // Takes the unsent output of a connection that is disconnected.
  void take_unsent_output(resp::ReplyBuffer& output);
  // The end of a turn: frees the objects, and a part of the output.
  void end_turn();
  // The same within a turn that is not over: it may still use connections that were there when it
  // began, whose sessions have at most the number `last_id`. They are freed at its end.
  void end_turn_within(std::uint64_t last_id);
  // Frees everything at once.
  void free_all();

  bool has_queued() const { return !queue_.empty(); }
  bool has_work() const { return has_queued() || !remains_.empty(); }
  // Output of closed connections that is not freed yet.
  const resp::ReplyBuffer& remains() const { return remains_; }
  void report_bytes(memory::Audit& audit) const;
  std::size_t held_bytes() const { return queue_.held_bytes() + net::held_bytes(closed_); }

 private:
  bool has_time() const;
  void disconnect(Connection& connection);
  void free_closed();
  void free_remains();

  const base::Clock& clock_;
  base::TurnTime& turn_time_;
  ConnectionQueue queue_;
  ConnectionVector closed_;  // in this turn
  resp::ReplyBuffer remains_;
  std::int64_t spent_us_ = 0;  // for closing, in this turn
};

}  // namespace larder::net
