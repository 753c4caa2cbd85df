#pragma once

// The server without sockets and without a process: data, commands and sessions, built and
// connected. Larder puts connections around it; tests talk to it directly.

#include "larder/acl/directory.h"
#include "larder/acl/metrics.h"
#include "larder/base/clock.h"
#include "larder/base/log.h"
#include "larder/base/rng.h"
#include "larder/cluster/metrics.h"
#include "larder/engine/command_metrics.h"
#include "larder/engine/command_table.h"
#include "larder/engine/config_file.h"
#include "larder/engine/cron.h"
#include "larder/engine/executor.h"
#include "larder/engine/gates.h"
#include "larder/engine/hot_keys.h"
#include "larder/engine/limits.h"
#include "larder/engine/metrics.h"
#include "larder/engine/observer.h"
#include "larder/engine/pause.h"
#include "larder/engine/propagation.h"
#include "larder/engine/reply_peak.h"
#include "larder/engine/session.h"
#include "larder/engine/shutdown.h"
#include "larder/engine/wait_metrics.h"
#include "larder/engine/waiters.h"
#include "larder/engine/watch_metrics.h"
#include "larder/engine/watch_set.h"
#include "larder/eviction/evictor.h"
#include "larder/expiry/sweeper.h"
#include "larder/info/info.h"
#include "larder/keyspace/database_metrics.h"
#include "larder/keyspace/keyspace.h"
#include "larder/memory/audit.h"
#include "larder/memory/metrics.h"
#include "larder/persistence/metrics.h"
#include "larder/pubsub/hub.h"
#include "larder/pubsub/metrics.h"
#include "larder/pubsub/monitors.h"
#include "larder/pubsub/notifier.h"
#include "larder/pubsub/tracking.h"
#include "larder/pubsub/tracking_metrics.h"
#include "larder/replication/metrics.h"
#include "larder/server/configuration.h"

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

  // The periodic work on the data, hz times a second.
  void beat();
  // How often beat() is to be called: `hz` within what makes sense.
  std::int64_t hz() const;
  // The work at the end of a turn; true when some is left.
  bool end_turn();
  // When a wait or a pause ends next, on the steady clock; 0 when there is neither.
  std::int64_t next_deadline_us() const;

  Configuration& configuration;
  base::Clock& clock;
  base::Log& log;
  base::Rng rng;
  memory::Auditor auditor;
  info::Reporter reporter;
  memory::Metrics memory_metrics;
  keyspace::Metrics keyspace_metrics;
  keyspace::Keyspace keyspace;
  keyspace::DatabaseMetrics database_metrics;
  expiry::Metrics expiry_metrics;
  expiry::Sweeper sweeper;
  eviction::Metrics eviction_metrics;
  eviction::Evictor evictor;
  engine::Metrics engine_metrics;
  engine::Observer observer;
  engine::Waiters waiters;
  engine::WatchSet watches;
  engine::WatchMetrics watch_metrics;
  engine::GateBoard gates;
  engine::Sessions sessions;
  engine::Pause pause;
  engine::WaitMetrics wait_metrics;
  acl::Metrics acl_metrics;
  pubsub::Hub hub;
  pubsub::Metrics pubsub_metrics;
  persistence::Metrics persistence_metrics;
  replication::Metrics replication_metrics;
  cluster::Metrics cluster_metrics;
  engine::Propagation effects;
  engine::Limits limits;
  engine::ConfigFile config_file;
  engine::Cron cron;
  engine::ReplyPeak reply_peak;
  engine::CommandTable commands;
  engine::CommandMetrics command_metrics;
  acl::Directory acl;
  engine::HotKeyMetrics hot_key_metrics;
  engine::HotKeys hot_keys;
  engine::Executor executor;
  pubsub::Notifier notifier;
  pubsub::Monitors monitors;
  pubsub::Tracking tracking;
  pubsub::TrackingMetrics tracking_metrics;

 private:
  engine::Toolbox tools(engine::Shutdown& shutdown);

  std::int64_t sampled_ms_ = 0;
};

}  // namespace larder::server
