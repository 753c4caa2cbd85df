#pragma once

// The server without sockets and without a process: data, commands and sessions, built and
// connected. Larder puts connections around it; tests talk to it directly.

#include <cstdint>

#include "larder/acl/directory.h"
#include "larder/acl/metrics.h"
#include "larder/base/clock.h"
#include "larder/base/log.h"
#include "larder/base/rng.h"
#include "larder/cluster/metrics.h"
#include "larder/disk/files.h"
#include "larder/disk/worker.h"
#include "larder/engine/command_table.h"
#include "larder/engine/debug_switches.h"
#include "larder/engine/executor.h"
#include "larder/engine/gates.h"
#include "larder/engine/held_keys.h"
#include "larder/engine/host.h"
#include "larder/engine/metrics.h"
#include "larder/engine/pause.h"
#include "larder/engine/propagation.h"
#include "larder/engine/session.h"
#include "larder/engine/session_metrics.h"
#include "larder/engine/waiters.h"
#include "larder/engine/watch_set.h"
#include "larder/eviction/evictor.h"
#include "larder/expiry/sweeper.h"
#include "larder/info/info.h"
#include "larder/keyspace/database_metrics.h"
#include "larder/keyspace/defragmenter.h"
#include "larder/keyspace/evacuator.h"
#include "larder/keyspace/keyspace.h"
#include "larder/memory/audit.h"
#include "larder/memory/metrics.h"
#include "larder/memory/pages.h"
#include "larder/observe/command_metrics.h"
#include "larder/observe/command_observer.h"
#include "larder/observe/hot_keys.h"
#include "larder/persistence/background_saves.h"
#include "larder/persistence/background_snapshot.h"
#include "larder/persistence/journal.h"
#include "larder/persistence/journal_calls.h"
#include "larder/persistence/metrics.h"
#include "larder/persistence/payload_checks.h"
#include "larder/persistence/snapshots.h"
#include "larder/pubsub/hub.h"
#include "larder/pubsub/metrics.h"
#include "larder/pubsub/monitors.h"
#include "larder/pubsub/notifier.h"
#include "larder/pubsub/tracking.h"
#include "larder/pubsub/tracking_metrics.h"
#include "larder/replication/backlog.h"
#include "larder/replication/failover.h"
#include "larder/replication/feed.h"
#include "larder/replication/history.h"
#include "larder/replication/metrics.h"
#include "larder/replication/migrations.h"
#include "larder/replication/replica.h"
#include "larder/replication/replica_metrics.h"
#include "larder/replication/replicas.h"
#include "larder/replication/replicas_metrics.h"
#include "larder/scripting/functions.h"
#include "larder/scripting/metrics.h"
#include "larder/scripting/runtime.h"
#include "larder/server/configuration.h"
#include "larder/server/memory_plan.h"
#include "larder/server/page_purge.h"
#include "larder/server/refusal_report.h"

namespace larder::server {

class Core {
 public:
  // The configuration has been loaded: some of it counts only now. Throws std::runtime_error when
  // the commands do not fit together.
  Core(Configuration& configuration, base::Clock& clock, base::Log& log,
       engine::Shutdown& shutdown);
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  // Runs the chores of the data (chores.h) that are done hz times a second, and those at the end of
  // a turn; true when work is left.
  void beat();
  bool end_turn();
  // How often beat() is to run: `hz` within what makes sense.
  std::int64_t hz() const;
  // Loads the data at the start: the append-only file, if it is used and exists, or the snapshot.
  persistence::Loading load(persistence::LoadingHost& host);
  // When a wait or a pause ends next, or a snapshot goes on, on the steady clock; 0 when there is
  // none of them.
  std::int64_t next_deadline_us() const;

  Configuration& configuration;
  base::Clock& clock;
  base::Log& log;
  engine::Shutdown& shutdown;
  base::Rng rng;
  memory::Auditor auditor;
  info::Reporter reporter;
  memory::Metrics memory_metrics;
  keyspace::Metrics keyspace_metrics;
  keyspace::Keyspace keyspace;
  keyspace::DatabaseMetrics database_metrics;
  keyspace::Evacuator evacuator;
  keyspace::Defragmenter defragmenter;
  expiry::Metrics expiry_metrics;
  expiry::Sweeper sweeper;
  eviction::Metrics eviction_metrics;
  eviction::Evictor evictor;
  engine::Metrics engine_metrics;
  observe::CommandObserver observer;
  engine::Waiters waiters;
  engine::WatchSet watches;
  engine::GateBoard gates;
  engine::Sessions sessions;
  engine::Pause pause;
  engine::HeldKeys held_keys{gates, waiters.for_held_keys()};
  engine::SessionMetrics session_metrics;
  acl::Metrics acl_metrics;
  pubsub::Hub hub;
  pubsub::Metrics pubsub_metrics;
  persistence::Metrics persistence_metrics;
  persistence::DiskErrorGate disk_errors;
  engine::ChecksumValidation checksums;
  persistence::PayloadChecks payload_checks;
  persistence::Snapshots snapshots;
  disk::FileCalls file_calls;
  // A write of the append-only file, for which clients may wait, is never behind one of a snapshot.
  disk::Worker snapshot_worker{
      {.name = "snapshot", .niceness = 10, .when_idle = &memory::flush_thread_cache}};
  disk::Worker journal_worker{{.name = "journal",
                               .threads = persistence::kJournalSyncs,
                               .when_idle = &memory::flush_thread_cache}};
  disk::Worker replica_worker{
      {.name = "replica", .niceness = 10, .when_idle = &memory::flush_thread_cache}};
  PagePurge page_purge;
  persistence::BackgroundSnapshot background_snapshot;
  persistence::BackgroundSaves saves;
  replication::History history;
  replication::Backlog backlog;
  replication::Metrics replication_metrics;
  cluster::Metrics cluster_metrics;
  engine::Propagation effects;
  replication::Feed feed{effects, history, backlog};
  replication::Replicas replicas;
  replication::ReplicasMetrics replicas_metrics;
  engine::Limits limits;
  engine::ConfigFile config_file;
  engine::Cron cron;
  engine::ReplyPeak reply_peak;
  engine::CommandTable commands;
  observe::CommandMetrics command_metrics;
  acl::Directory acl;
  observe::HotKeyMetrics hot_key_metrics;
  observe::HotKeys hot_keys;
  engine::Executor executor;
  persistence::Journal journal;
  replication::Replica replica;
  replication::ReplicaMetrics replica_metrics;
  replication::Migrations migrations;
  replication::Failover failover;
  pubsub::Notifier notifier;
  pubsub::Monitors monitors;
  pubsub::Tracking tracking;
  pubsub::TrackingMetrics tracking_metrics;
  scripting::Metrics script_metrics;
  scripting::Runtime scripts;
  scripting::Functions functions;
  RefusalReport refusals{log, clock};
  MemoryPlan memory_plan{reporter, configuration, sessions, log, clock, &replicas};
  // When memory_metrics were sampled, on the steady clock.
  std::int64_t memory_sampled_ms = 0;

 private:
  template <typename Visit>
  void each_part(Visit visit);
  engine::Toolbox tools();
  void audit_parts();
};

}  // namespace larder::server
