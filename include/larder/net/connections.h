#pragma once

// All connections: registers accepted sockets, passes their input to the engine, and sends the
// replies of the engine.
//
// A turn: bytes are read into one of a few read buffers that all connections share, behind the
// unfinished end that the connection kept. They are split into batches of requests and run; the
// connection keeps the rest, if any, in a block of its own size. A batch does not run at once:
// while the next connection is read, its keys are fetched into the cache. At the end of the turn
// each connection with replies gets one send, and waits for the socket if it does not take all. An
// idle connection holds no buffer.
//
// A connection that gets output without a request (a message, an invalidation) is queued behind
// those that get replies: a turn sends to this queue for a quarter of a millisecond. The rest waits
// for the next turns, as long as one send takes all that a connection is to get. So a message to
// ten thousand clients does not delay the others, and messages in quick succession are sent
// together.
//
// Bound for slow readers: a connection whose unsent replies exceed client-reply-pause-bytes is not
// read, and its further requests are not run, until half of these replies are sent. While clients
// hold nearly as much as maxmemory-clients allows, the bound is lower, and above maxmemory-clients
// the largest connections are closed.
//
// A connection whose session waits for keys is read, up to client-query-buffer-limit, but its input
// is kept until the wait is over. It is not idle, however long it waits; nor is one that is
// subscribed to channels or in MONITOR. A connection that CLIENT PAUSE holds back is not read.
//
// A connection with TLS is a client from the start, and is served after the handshake. Each turn
// gives handshakes a millisecond; one that takes longer than ten seconds ends the connection.

#include <cstdint>
#include <memory>
#include <vector>

#include "larder/base/log.h"
#include "larder/engine/credentials.h"
#include "larder/engine/debug_switches.h"
#include "larder/engine/executor.h"
#include "larder/engine/session.h"
#include "larder/eviction/settings.h"
#include "larder/memory/audit.h"
#include "larder/memory/heap.h"
#include "larder/net/client_budget.h"
#include "larder/net/listener.h"
#include "larder/net/loop.h"
#include "larder/net/metrics.h"
#include "larder/net/settings.h"
#include "larder/net/tls.h"
#include "larder/resp/reply_buffer.h"
#include "larder/resp/request.h"

namespace larder::net {

class ClientRanks;
class Connection;
class Handshakes;
class ReadAhead;
class ConnectionQueue;
struct Reading;

class Connections final : public Host, public memory::AuditedOwner {
 public:
  struct Parts {
    Loop& loop;
    base::Log& log;
    engine::Executor& executor;
    engine::Sessions& sessions;
    const engine::Credentials& credentials;
    const Settings& settings;
    const eviction::Settings& memory;
    Metrics& metrics;
    Tls* tls = nullptr;                             // absent: there is no TLS
    const engine::ReplyPeak* reply_peak = nullptr;  // absent: peaks are remembered as usual
  };
  explicit Connections(const Parts& parts);
  ~Connections() override;
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  void on_accepted(int descriptor, Transport transport) override;

  // The end of a turn: sends replies, and closes the connections that must be closed. Work is left
  // if a connection can continue with requests that it had sent already.
  TurnWork end_turn();

  // Periodic: frees unused reply chunks, disconnects clients that have been idle for longer than
  // `timeout` or have had too much unsent output for too long. Each call visits a part of the
  // connections; all of them are visited within `calls` calls.
  void run_periodic(std::size_t calls);

  // Reports everything charged to client_input and client_output to the audit; the time is that of
  // a walk over all connections.
  void report_bytes(memory::Audit& audit) const override;

  std::size_t size() const { return size_; }
  // How many are not read because of their unsent output.
  std::size_t paused() const { return paused_; }
  // Something happened since end_turn() that the next one must handle.
  bool has_work() const;
  // The largest input and output of a connection in the last 5 to 10 seconds.
  std::uint64_t recent_input_bytes() const;
  std::uint64_t recent_output_bytes() const;

 private:
  friend class Connection;

  // A connection that sends requests but does not read the replies, so that neither side makes
  // progress, is closed after this time, or after `timeout` if that is set.
  static constexpr std::int64_t kMostStuckMs = 60'000;
  // While another connection waits for room: a connection that holds much memory and makes no
  // progress is closed after the first of these times. The time is halved, down to the second, with
  // each connection that is closed while others still wait.
  static constexpr std::int64_t kMostStallMs = 10'000;
  static constexpr std::int64_t kLeastStallMs = 250;

  // The maximum of two periods, so that a peak is remembered for one period and forgotten after
  // two.
  struct Peak {
    std::uint64_t now = 0;
    std::uint64_t before = 0;
    void note(std::uint64_t value) {
      if (value > now) now = value;
    }
  };

  bool is_rejected(int descriptor, Transport transport);
  // Connects from another machine while protected mode accepts only local clients.
  bool is_unauthenticated_remote(int descriptor, Transport transport) const;
  // The end of a handshake.
  void handshake_done(Connection& connection);
  void note_failed_handshake(const std::string& what);
  // The reading for the next input; the connection that it belonged to is run first.
  Reading& next_reading();
  void fetch_entries(const Reading& reading);
  // Runs everything that was read.
  void finish_readings();
  void finish_turn(Connection& connection);
  void send_pending_messages();
  void look_after(Connection& connection, std::int64_t now_ms);
  void mark_dirty(Connection& connection);
  // It got output without a request, and nothing else happened to it.
  void mark_message_sent(Connection& connection);
  void mark_dead(Connection& connection);
  // It will be closed when there is time.
  void mark_leaving(Connection& connection);
  // Disconnects it: now, or in one of the next turns if many are disconnected at once.
  void close_later(Connection& connection);
  // Continues with those for which there was no time.
  void close_pending();
  bool close_budget_left();
  void defer_free();
  using List =
      std::vector<Connection*, memory::Allocator<Connection*, memory::Owner::client_input>>;
  static void forget_dead(List& list);
  void roll_peaks();
  std::int64_t peak_reset_ms() const;

  // Resumes connections that wait for room, in the order in which they came, while there is room.
  // True while keys are evicted for the first.
  bool serve_memory_queue();
  Connection* next_waiting_for_memory();
  // While a connection waits for room: closes the largest connection that has neither sent nor
  // received anything for too long.
  void disconnect_stalled(std::int64_t now_ms);
  bool is_full() const { return full_ || budget_.turn_is_full(); }

  // Output of closed connections is freed in steps.
  void defer_detach(resp::ReplyBuffer& output);
  void free_remains();
  // Measures during a turn, after one connection took much memory.
  void note_growth();
  void measure() { budget_.measure(); }
  // True if more connections must be closed than the turn had time for.
  bool keep_to_budget();
  Connection* largest();

  Parts parts_;
  resp::ChunkPool chunks_;
  resp::ReplyBuffer remains_{chunks_};
  ClientBudget budget_;
  std::unique_ptr<ClientRanks> ranks_;
  std::unique_ptr<ReadAhead> read_ahead_;
  Connection* first_ = nullptr;
  Connection* last_ = nullptr;
  Connection* cursor_ = nullptr;  // the next one that run_periodic() visits
  std::size_t size_ = 0;
  std::unique_ptr<Handshakes> handshakes_;
  std::unique_ptr<ConnectionQueue> pending_messages_;
  std::unique_ptr<ConnectionQueue> memory_wait_queue_;
  std::int64_t stall_timeout_ms_;
  std::int64_t failures_since_ms_ = 0;  // the second in which failed handshakes are counted
  std::size_t failures_ = 0;
  std::size_t paused_ = 0;
  List dirty_;         // with replies to send, or to be closed
  List stalled_;       // may continue with requests that they sent already
  List leaving_;       // to be closed when there is time; otherwise ignored
  List dead_;          // closed in this turn
  bool full_ = false;  // the budget is exceeded: further input is not read in this turn
  Peak input_peak_;
  Peak output_peak_;
  std::int64_t peaks_rolled_ms_ = 0;
  std::int64_t closing_until_us_ = 0;  // the end of this turn's time for closing; 0: not started
};

}  // namespace larder::net
