#pragma once

// All connections: registers accepted sockets, passes their input to the engine, and sends the
// replies of the engine. The work is done by the owners that src/net/services.h lists; this class
// creates them and calls their steps in order.
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

#include <cstddef>
#include <cstdint>
#include <memory>

#include "larder/base/log.h"
#include "larder/engine/access_control.h"
#include "larder/engine/debug_switches.h"
#include "larder/engine/direct_sockets.h"
#include "larder/engine/executor.h"
#include "larder/engine/session.h"
#include "larder/eviction/settings.h"
#include "larder/memory/audit.h"
#include "larder/net/listener.h"
#include "larder/net/loop.h"
#include "larder/net/metrics.h"
#include "larder/net/settings.h"
#include "larder/net/tls.h"

namespace larder::net {

struct Services;

class Connections final : public Host, public memory::AuditedOwner, public engine::DirectSockets {
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

  // The end of a turn: runs the input that was read, sends replies, and closes the connections that
  // must be closed. Work is left if a connection can continue with requests that it had sent
  // already.
  TurnWork end_turn();

  // For turns within a turn (Loop::run_within()), while one of its commands runs for very long: the
  // connection of that command is left alone. begin_within() comes before the first of them,
  // end_turn_within() at the end of each, and end_within() after the last.
  void begin_within();
  void end_turn_within();
  void end_within();

  // The most time of one run_periodic().
  static constexpr std::int64_t kPeriodicUs = 500;
  // Periodic: frees unused reply chunks, disconnects clients that have been idle for longer than
  // `timeout` or have had too much unsent output for too long. Each call visits a part of the
  // connections; all of them are visited within `calls` calls, if there is time for it.
  void run_periodic(std::size_t calls);

  int direct_socket(const engine::Session& session) const override;

  // Reports everything charged to client_input and client_output to the audit; the time is that of
  // a walk over all connections.
  void report_bytes(memory::Audit& audit) const override;

  std::size_t size() const;
  // How many are not read because of their unsent output.
  std::size_t paused() const;
  // Something happened since end_turn() that the next one must handle.
  bool has_work() const;
  // The largest input and output of a connection in the last 5 to 10 seconds.
  std::uint64_t recent_input_bytes() const;
  std::uint64_t recent_output_bytes() const;

 private:
  std::unique_ptr<Services> services_;
};

}  // namespace larder::net
