#pragma once

// Keeps all connections together within their memory budget. It owns the budget, the ranks of the
// connections by size, and the queue of those that wait for room: for a reply, or for more of a
// request. Connections in the queue continue in the order in which they came, while there is room.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "client_budget.h"
#include "client_ranks.h"
#include "connection_list.h"
#include "connection_queue.h"
#include "larder/net/connections.h"

namespace larder::net {

class Closer;
class Sender;

class MemoryGate {
 public:
  // What each connection stores for the gate.
  struct Slot {
    Rank rank;
    ConnectionQueue::Place place = ConnectionQueue::kNowhere;
    std::uint64_t wanted = 0;  // bytes, since it waits
    bool is_reply = false;     // waits to reply, not to receive
    bool removes = false;      // and then removes what it replies with
    bool is_alone = false;  // no key is evicted for that reply: it would not fit beside its value
    bool is_served = false;
    bool wants_more = false;  // than it got when it was queued

    bool waits() const { return place != ConnectionQueue::kNowhere; }
  };

  MemoryGate(const Connections::Parts& parts, resp::ChunkPool& chunks, const ConnectionList& list,
             Sender& sender, const Closer& closer);

  // Further input is not read in this turn: the budget is exceeded, or nearly used up.
  bool is_full() const { return full_ || budget_.turn_is_full(); }
  // The budget is exceeded; this may be so over turns, until what closed connections hold is freed.
  bool is_crowded() const { return full_; }
  // Within a turn that is not over, which nothing else of this class works for.
  void read_again() { full_ = false; }
  // Unsent bytes from which a connection is not read.
  std::size_t most_unsent() const { return budget_.most_unsent(); }
  // Measures; true if one connection can never get so many bytes.
  bool exceeds_any_budget(std::uint64_t bytes);
  // Measures; the most that this connection could get now, besides what it holds.
  std::uint64_t most_for(const Connection& connection) { return budget_.most_for(connection); }
  // Measures during a turn, after one connection took much memory.
  void note_growth();
  // A text was added to a connection's output without a request. The batch of requests that caused
  // it stops if the budget is exceeded by such texts.
  void note_push() {
    if (++pushes_ >= kPushesBetweenLooks) check_after_pushes();
  }
  // Whether the running command may make the connection keep `bytes` bytes more. If they exceed the
  // share the largest connection is closed; false if that is this one.
  bool may_hold(Connection& connection, std::uint64_t bytes);
  // The memory of the connection has changed: updates its rank, if there is a budget.
  void rank(Connection& connection);

  // Whether a connection that is receiving may take so many bytes more. If not, the connection is
  // queued, or refused if it can never have them.
  bool admits(Connection& connection, std::uint64_t bytes);
  // The connection waits for room for a reply of so many bytes.
  void wait_to_reply(Connection& connection, std::uint64_t bytes);
  // For a reply that cannot wait: evicts keys at once. False if there is no room.
  bool obtains(Connection& connection, std::uint64_t bytes) {
    return budget_.obtains(connection, bytes);
  }
  void stop_waiting(Connection& connection);
  // It is closed.
  void forget(Connection& connection);

  // Runs the requests that wait for room, while there is room. True while keys are evicted for the
  // first of them.
  bool run_waiting();
  // Closes the largest connections while all together exceed their budget. True if there was not
  // enough time for it.
  bool close_largest();
  // Periodic. While a connection waits for room: closes the largest connection that has neither
  // sent nor received anything for too long.
  void close_stalled(std::int64_t now_ms);

  std::size_t held_bytes() const { return queue_.held_bytes(); }

  // A connection that makes no progress while others wait for room is closed after this time. The
  // time is halved, down to the least, with each connection that is closed while others still wait.
  static constexpr std::int64_t kMostStallMs = 10'000;

 private:
  static constexpr std::int64_t kLeastStallMs = 250;

  static constexpr std::size_t kPushesBetweenLooks = 128;

  void check_after_pushes();
  void wait(Connection& connection, std::uint64_t bytes);
  // There is room for what it waits for.
  void run_waiting(Connection& connection);
  Connection* next_waiting();
  Connection* find_stalled(const Connection& first, std::int64_t now_ms) const;
  // The connection that holds the most, to be closed.
  Connection* largest();
  Connection* largest_of_some();
  bool close_some();
  void log_eviction(const Connection& connection);
  void close_for_budget(Connection& connection);

  const Connections::Parts& parts_;
  const ConnectionList& list_;
  Sender& sender_;
  resp::ChunkPool& chunks_;
  ClientRanks ranks_;
  ClientBudget budget_;
  ConnectionQueue queue_;
  std::int64_t stall_timeout_ms_ = kMostStallMs;
  std::size_t pushes_ = 0;  // since the last look
  bool full_ = false;
};

}  // namespace larder::net
