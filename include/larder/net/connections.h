#pragma once

// All connections: takes accepted sockets, hands what they send to the engine, and sends what
// the engine answers.
//
// A turn: bytes land in one of few read buffers that all share, behind the unfinished end that the
// connection kept; they are cut into batches of requests and run; what is left, if anything, is
// kept by the connection in a block of its own size. Those who were read do not run at once: while
// the next one is read, their keys come into the cache. At the end of the turn each connection
// with replies gets one send, and waits for the socket with what it does not take. An idle
// connection holds no buffer.
//
// Who is told what he did not ask for (a message, an invalidation) stands in line behind those who
// are answered: a turn sends for a quarter of a millisecond, and the rest waits for the next turns
// as long as one send takes all that a connection is to be told. So a message to ten thousand does
// not hold up the others, and messages in quick succession go out together.
//
// Bound for slow readers: a connection whose unsent replies pass client-reply-pause-bytes is
// neither read nor are its further requests run, until it has taken half of them. While clients
// hold nearly as much as maxmemory-clients allows, the bound is lower, and past it the largest
// connections are closed.
//
// A connection whose session waits for keys is read, up to client-query-buffer-limit, but what it
// sends is kept until the wait is over. It is not idle, however long it waits;
// nor is one that listens to channels or monitors. One that a pause holds back is not read.
//
// Who comes by TLS is a client from the start, and is served after the handshake. Each turn gives
// handshakes a millisecond; one that has not ended after ten seconds ends the connection.

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
class Readings;
class WaitingLine;
struct Reading;

class Connections final : public Host, public memory::Witness {
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
    Tls* tls = nullptr;                             // absent: nobody comes by TLS
    const engine::ReplyPeak* reply_peak = nullptr;  // absent: peaks are remembered as usual
  };
  explicit Connections(const Parts& parts);
  ~Connections() override;
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  void on_accepted(int descriptor, Transport transport) override;

  // The end of a turn: sends replies, and closes what is to be closed. Work is left when a
  // connection can go on with requests that it had sent already.
  Left end_turn();

  // Periodic: gives free reply chunks back, disconnects who has been idle for longer than `timeout`
  // or has not read too much for too long. Looks at a part of the connections in each call, at all
  // of them within `calls` calls.
  void tend(std::size_t calls);

  // Tells the audit of everything charged to client_input and client_output; the time is that of a
  // walk over all connections.
  void testify(memory::Audit& audit) const override;

  std::size_t size() const { return size_; }
  // How many are not read because of what they do not read.
  std::size_t paused() const { return paused_; }
  // Something happened since end_turn() that the next one must see to.
  bool has_work() const;
  // The largest that any connection's input and output were lately: since about 5 to 10 seconds.
  std::uint64_t recent_input_bytes() const;
  std::uint64_t recent_output_bytes() const;

 private:
  friend class Connection;

  // A connection that sends requests and does not take the replies, so that neither side goes on,
  // is closed after this time, or after `timeout` where that is set.
  static constexpr std::int64_t kMostStuckMs = 60'000;
  // While another connection waits for room: one that holds much and stands still is closed after
  // the first of these. The time is halved, down to the second, with each that is closed while
  // others still wait.
  static constexpr std::int64_t kMostPatienceMs = 10'000;
  static constexpr std::int64_t kLeastPatienceMs = 250;

  // The largest of two periods, so that a peak is remembered for one and forgotten after two.
  struct Peak {
    std::uint64_t now = 0;
    std::uint64_t before = 0;
    void note(std::uint64_t value) {
      if (value > now) now = value;
    }
  };

  bool turned_away(int descriptor, Transport transport);
  // Comes from another machine while only clients of this one are served.
  bool is_stranger(int descriptor, Transport transport) const;
  // The end of a handshake.
  void welcome(Connection& connection);
  void note_failed_handshake(const std::string& what);
  // The place for what is read next; who stood in it is run.
  Reading& next_reading();
  void fetch_entries(const Reading& reading);
  // Runs all that was read.
  void finish_readings();
  void finish_turn(Connection& connection);
  void send_news();
  void look_after(Connection& connection, std::int64_t now_ms);
  void mark_dirty(Connection& connection);
  // It was told what it did not ask for, and nothing else happened to it.
  void mark_told(Connection& connection);
  void mark_dead(Connection& connection);
  // It is closed when there is time.
  void mark_leaving(Connection& connection);
  // Disconnects it, now or, where many go at once, in one of the next turns.
  void part_with(Connection& connection);
  // Goes on with those for whom there was no time.
  void part_with_leaving();
  bool has_time_to_close();
  void bury();
  using List =
      std::vector<Connection*, memory::Allocator<Connection*, memory::Owner::client_input>>;
  static void forget_dead(List& list);
  void roll_peaks();
  std::int64_t peak_reset_ms() const;

  // Lets those go on who wait for room, in the order in which they came, as far as there is any.
  // True while keys are evicted for the first.
  bool serve_room_line();
  Connection* next_for_room();
  // While somebody waits for room: closes the largest connection that has neither sent nor taken
  // anything for too long.
  void relieve_room_line(std::int64_t now_ms);
  bool is_full() const { return full_ || budget_.turn_is_full(); }

  // Output of closed connections is freed in steps.
  void leave_behind(resp::ReplyBuffer& output);
  void free_remains();
  // Measures in the course of a turn, when one connection took much.
  void note_growth();
  void measure() { budget_.measure(); }
  // True when more connections have to go than the turn had time for.
  bool keep_to_budget();
  Connection* largest();

  Parts parts_;
  resp::ChunkPool chunks_;
  resp::ReplyBuffer remains_{chunks_};
  ClientBudget budget_;
  std::unique_ptr<ClientRanks> ranks_;
  std::unique_ptr<Readings> readings_;
  Connection* first_ = nullptr;
  Connection* last_ = nullptr;
  Connection* cursor_ = nullptr;  // the next that tend() looks at
  std::size_t size_ = 0;
  std::unique_ptr<Handshakes> handshakes_;
  std::unique_ptr<WaitingLine> news_;
  std::unique_ptr<WaitingLine> room_line_;
  std::int64_t patience_ms_;
  std::int64_t failures_since_ms_ = 0;  // the second in which failed handshakes are counted
  std::size_t failures_ = 0;
  std::size_t paused_ = 0;
  List dirty_;         // with replies to send, or to be closed
  List stalled_;       // may go on with requests they had sent
  List leaving_;       // to be closed when there is time; nothing happens to them any more
  List dead_;          // closed in this turn
  bool full_ = false;  // the budget is passed: what else comes in this turn is left unread
  Peak input_peak_;
  Peak output_peak_;
  std::int64_t peaks_rolled_ms_ = 0;
  std::int64_t closing_until_us_ = 0;  // the end of this turn's time for closing; 0: not begun
};

}  // namespace larder::net
