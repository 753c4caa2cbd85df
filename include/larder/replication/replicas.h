#pragma once

// The replicas of this server: their handshake, their full and partial syncs, how far they are, and
// how much of the stream is kept for them.
//
// A full sync starts a snapshot, and sends the stream from the offset of its moment on. Replicas
// that wait at the same time share a snapshot; one snapshot is written at a time. What a replica
// has not been sent yet stays in the backlog, also beyond repl-backlog-size.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "larder/base/clock.h"
#include "larder/base/log.h"
#include "larder/config/lists.h"
#include "larder/disk/worker.h"
#include "larder/engine/gates.h"
#include "larder/engine/session.h"
#include "larder/engine/waiters.h"
#include "larder/eviction/settings.h"
#include "larder/memory/audit.h"
#include "larder/persistence/background_snapshot.h"
#include "larder/persistence/journal.h"
#include "larder/persistence/snapshot_source.h"
#include "larder/replication/feed.h"
#include "larder/replication/follower.h"
#include "larder/replication/metrics.h"
#include "larder/replication/settings.h"
#include "larder/replication/waits.h"

namespace larder::replication {

class FileReaders;
class FullSync;
class Spill;

class Replicas final : private FeedListener,
                       private Copies,
                       public persistence::StreamOfEffects,
                       public memory::AuditedOwner {
 public:
  struct Parts {
    const base::Clock& clock;
    base::Log& log;
    History& history;
    Backlog& backlog;
    Feed& feed;
    const Settings& settings;
    const config::BufferLimits& limits;
    const eviction::Settings& memory;
    Metrics& metrics;
    persistence::BackgroundSnapshot& snapshot;
    disk::Worker& worker;
    engine::GateBoard& gates;
    engine::Waiters& waiters;
  };
  explicit Replicas(const Parts& parts);
  // Of the replicas there may be only such that have not said PSYNC.
  ~Replicas() override;
  Replicas(const Replicas&) = delete;
  Replicas& operator=(const Replicas&) = delete;

  // The state of this server as a replica itself; `broken`: it has no data to pass on now.
  enum class Upstream : std::uint8_t { none, connected, broken };
  void upstream(Upstream upstream);
  Upstream upstream() const { return upstream_; }

  // REPLCONF: what the session says of itself.
  Follower& describe(engine::Session& session);
  // PSYNC <id> <offset>. Nothing is replied, unless it is an error.
  void psync(engine::Session& session, std::string_view id, std::string_view offset);
  // SYNC
  void sync(engine::Session& session);
  void acknowledge(Follower& replica, std::int64_t offset, std::int64_t on_disk);

  // Closes the connections of all replicas: they must synchronize again.
  void disconnect_all();
  // Ends a snapshot for replicas, whose connections are closed. Before the process ends.
  void stop_syncs();

  // All that said PSYNC, in the order in which they did.
  const std::vector<Follower*>& all() const { return replicas_; }
  std::size_t size() const { return replicas_.size(); }
  // Online ones that were heard of in the last `min-replicas-max-lag` seconds.
  std::size_t good() const;
  // Online ones that have acknowledged the offset; or have it on disk.
  std::size_t having(std::int64_t offset) const override;
  std::size_t having_on_disk(std::int64_t offset) const override;
  // Of the stream and of full copies, on disk.
  std::uint64_t spilled_bytes() const;
  // How much of repl-spill-size the stream leaves.
  std::uint64_t spill_room() const;
  // At the end of the turn replicas are asked for their offsets.
  void ask_for_offsets() {
    is_asked_for_ = true;
    feed_.ask_for_offsets();
  }

  // The clients that wait for replicas.
  Waits& waits() { return waits_; }
  void know(const persistence::Journal& journal) { journal_ = &journal; }

  // To be called `hz` times a second, and at the end of each turn. True if there is more to do.
  void beat();
  bool end_turn();
  // See BackgroundSnapshot::wakes_us().
  std::int64_t wakes_us() const;

  // persistence::StreamOfEffects
  std::optional<persistence::RdbStreamPosition> position() const override;
  // memory::AuditedOwner
  void report_bytes(memory::Audit& audit) const override;

  // For replicas
  std::int64_t now_ms() const { return parts_.clock.steady_ms(); }
  base::Log& log() { return parts_.log; }
  std::int64_t stream_offset() const { return parts_.history.offset(); }
  FileReaders& readers() { return *readers_; }
  // The stream from the offset on: none at its end, or while it is read from disk.
  std::string_view stream_at(std::int64_t offset, Follower& replica);
  void count_sent(std::size_t bytes) { parts_.metrics.net_repl_output_bytes += bytes; }
  void payload_advanced(const Follower& replica);
  void payload_sent(const Follower& replica, bool waits_for_ack);
  void remove(Follower& replica);
  // For a full sync. Not within a command, which would be the first effect.
  void open_stream();

 private:
  // Copies
  bool is_synced(std::uint64_t position) const override {
    return journal_ != nullptr && journal_->is_on() && journal_->synced() >= position;
  }
  // FeedListener
  void stream_grew() override;
  void stream_restarted() override;

  void send_stream();
  Follower* begin(engine::Session& session);
  void enlist(Follower& replica);
  bool continue_partially(Follower& replica, std::string_view id, std::string_view offset);
  void sync_fully(Follower& replica, bool by_psync);
  // What can still be sent of the stream begins here.
  std::int64_t first_kept() const;
  std::int64_t first_needed() const;
  std::int64_t needed_by(const Follower& replica) const;
  void keep_place(const Follower& replica);
  void leave_place(const Follower& replica);
  void forget_old_places();
  bool spill_one();
  void bound_spill();
  std::uint64_t spill_limit() const;
  bool is_behind(const Follower& replica, std::uint64_t bytes) const;
  bool trim();
  void check_limits();
  void every_second();
  void check_timeouts();
  void close_stream_if_unused();
  void apply_gate();

  const Parts parts_;
  Feed& feed_;
  Waits waits_;
  const persistence::Journal* journal_ = nullptr;
  std::unique_ptr<FileReaders> readers_;
  std::unique_ptr<Spill> spill_;
  std::unique_ptr<FullSync> full_sync_;
  std::vector<Follower*> described_;  // all, also those in the handshake
  std::vector<Follower*> replicas_;
  // Where replicas were when they were disconnected: on disk the stream is kept for them for a
  // while.
  struct Place {
    std::string name;
    std::int64_t next_offset;
    std::int64_t left_ms;
  };
  std::vector<Place> places_;
  Upstream upstream_ = Upstream::none;
  std::int64_t seconds_ = 0;
  std::int64_t second_ms_ = 0;
  std::int64_t unused_since_ms_;  // the stream has had no replica
  bool has_grown_ = false;
  // The stream was last sent at this time, up to this offset; and will be at this time, if not 0.
  std::int64_t sent_us_ = 0;
  std::int64_t sent_offset_ = 0;
  std::int64_t sends_at_us_ = 0;
  bool is_asked_for_ = false;  // somebody waits for the answers
};

}  // namespace larder::replication
