#pragma once

// This server as a copy of another one, its primary: REPLICAOF, the link over which data and
// effects arrive, and what a replica refuses to its clients.
//
// The link connects, introduces itself (PING, AUTH, REPLCONF) and asks for the part of the stream
// that it lacks (PSYNC). If the primary has it no more, a full copy of the data comes first: into a
// file that a worker writes, or, with repl-diskless-load, directly. It is loaded between two turns
// of the loop (load_copy()), which serves clients meanwhile as at the start, or with the old data.
// The old data goes only when the copy is known to be readable, or, if the copy is loaded beside
// it, when all of it is loaded. Afterwards the stream runs at the ends of turns, each time for a
// millisecond at most.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "larder/base/budget.h"
#include "larder/base/clock.h"
#include "larder/base/log.h"
#include "larder/disk/files.h"
#include "larder/disk/worker.h"
#include "larder/engine/executor.h"
#include "larder/engine/gates.h"
#include "larder/engine/session.h"
#include "larder/engine/waiters.h"
#include "larder/eviction/settings.h"
#include "larder/keyspace/keyspace.h"
#include "larder/memory/audit.h"
#include "larder/persistence/journal.h"
#include "larder/persistence/settings.h"
#include "larder/persistence/snapshots.h"
#include "larder/replication/feed.h"
#include "larder/replication/history.h"
#include "larder/replication/metrics.h"
#include "larder/replication/replicas.h"
#include "larder/replication/settings.h"
#include "larder/replication/wire.h"

namespace larder::replication {

class Link;
class OwnDeadlines;

// What the link needs to know of this server's own sockets.
class OwnPlace {
 public:
  // The port at which clients and replicas reach this server.
  virtual int port() const = 0;
  // The address to connect from; empty: any.
  virtual std::string source() const = 0;
  virtual bool uses_tls() const = 0;

 protected:
  ~OwnPlace() = default;
};

// Waits for the answer of the server that is to take over (PSYNC ... FAILOVER).
class HandoverUser {
 public:
  virtual void on_handover(bool accepted) = 0;

 protected:
  ~HandoverUser() = default;
};

// As ROLE names them, and in their order.
enum class LinkState : std::uint8_t { none, connect, connecting, handshake, sync, connected };

class Replica final : public memory::AuditedOwner {
 public:
  struct Parts {
    const base::Clock& clock;
    base::Log& log;
    keyspace::Keyspace& keyspace;
    engine::Executor& executor;
    engine::Sessions& sessions;
    engine::Waiters& waiters;
    engine::GateBoard& gates;
    engine::Metrics& engine_metrics;
    persistence::Snapshots& snapshots;
    persistence::Journal& journal;
    const persistence::SnapshotSettings& files;
    disk::Worker& worker;
    disk::FileCalls& calls;
    History& history;
    Feed& feed;
    Replicas& replicas;
    Settings& settings;
    eviction::Settings& memory;
    Metrics& metrics;
  };
  // With `replicaof` it is a replica from now on; it connects when start() was called.
  explicit Replica(const Parts& parts);
  ~Replica() override;
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  // Connections are opened through it from now on. Null: none are opened, and the present one is
  // dropped.
  void connect_through(Dialer* dialer, const OwnPlace* place);
  // The data of the start is loaded: continues in the history of its file, and connects.
  void start();

  bool is_replica() const { return is_replica_; }
  // Copies that server from now on. False if it does already.
  bool follow(const std::string& host, int port);
  // The same, and asks that server, a replica of this one, to become the primary. The user is told
  // whether it did.
  void hand_over_to(const std::string& host, int port, HandoverUser& user);
  // Ends the copying; the data stays, and this server accepts writes under a history of its own.
  void promote();

  LinkState state() const;
  const std::string& host() const { return settings().replicaof.host(); }
  int port() const { return settings().replicaof.port(); }

  // A copy waits to be loaded: load_copy() is to be called between two turns of the loop.
  bool has_copy() const;
  void load_copy(persistence::LoadingHost& host);

  // Some times a second: connects again, looks at timeouts, tells the primary the offset.
  void beat();
  // The same: removes keys that clients of a writable replica gave a deadline.
  void expire_own_keys(base::Budget budget);
  // The end of a turn: ends the waits of clients, then runs the stream, until the budget is spent.
  // True if there is more.
  bool run_stream(base::Budget budget);
  // The most time of one run_stream(), unless one command takes longer.
  static constexpr std::int64_t kRunUs = 1000;

  // The offset of the stream that has run; -1 while the link is down.
  std::int64_t offset() const;

  const Settings& settings() const { return parts_.settings; }
  const Link* link() const { return link_.get(); }
  void report_bytes(memory::Audit& audit) const override;

 private:
  friend class Link;

  void become_replica();
  void end_handover(bool accepted);
  bool end_waits(base::Budget& budget);
  // After a change of the role, of the link's state, or of a directive.
  void set_gates();
  void adopt_found_stream();
  void watch_settings(bool watches);

  const Parts parts_;
  Dialer* dialer_ = nullptr;
  const OwnPlace* place_ = nullptr;
  bool is_replica_ = false;
  bool is_started_ = false;
  HandoverUser* handover_ = nullptr;
  std::unique_ptr<OwnDeadlines> own_deadlines_;
  // The sessions whose waits the change of the role has not ended yet.
  std::optional<engine::SessionWalk> waits_;
  std::unique_ptr<Link> link_;
};

}  // namespace larder::replication
