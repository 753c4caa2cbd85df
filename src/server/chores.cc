#include "larder/server/chores.h"

#include <optional>

#include "larder/net/connections.h"
#include "larder/process/watchdog.h"
#include "larder/server/core.h"
#include "metrics.h"

namespace larder::server {
namespace {

using Parts = ChoreParts;
using Bound = Chore::Bound;

// How often the allocator's and the system's figures are read.
constexpr std::int64_t kSampleMs = 100;
// A fixed number of instructions.
constexpr std::int64_t kFewUs = 5;

bool always(const Parts&) { return true; }
// DEBUG PAUSE-CRON stops the periodic work on the data.
bool unless_paused(const Parts& parts) { return !parts.core.cron.paused; }
bool with_network(const Parts& parts) { return parts.connections != nullptr; }
bool with_loop(const Parts& parts) { return parts.loop != nullptr; }
bool with_watchdog(const Parts& parts) { return parts.watchdog != nullptr; }

bool restart_watchdog(const Parts& parts, std::int64_t) {
  parts.watchdog->restart();
  return false;
}

bool sample_loop(const Parts& parts, std::int64_t) {
  parts.loop->sample();
  return false;
}

bool expire(const Parts& parts, std::int64_t) {
  Core& core = parts.core;
  core.observer.watch(engine::LatencyEvent::expire_cycle,
                      [&core] { return core.sweeper.run(core.sweeper.budget()); });
  core.executor.settle_background();
  return false;
}

bool expire_fast(const Parts& parts, std::int64_t) {
  Core& core = parts.core;
  core.observer.watch(engine::LatencyEvent::expire_cycle,
                      [&core] { return core.sweeper.run_fast(); });
  core.executor.settle_background();
  return false;
}

bool watch_commands(const Parts& parts, std::int64_t) {
  parts.core.observer.run_periodic();
  return false;
}

// Keeps access bits right.
bool age(const Parts& parts, std::int64_t budget_us) {
  parts.core.evictor.ager().run(base::Budget(parts.core.clock, budget_us));
  return false;
}

bool look_for_big_keys(const Parts& parts, std::int64_t) {
  parts.core.keyspace.look_for_big_keys();
  return false;
}

bool count_lazy_frees(const Parts& parts, std::int64_t) {
  keyspace::Graveyard& graveyard = parts.core.keyspace.graveyard();
  memory::Metrics& metrics = parts.core.memory_metrics;
  metrics.lazyfree_pending_objects = static_cast<std::int64_t>(graveyard.lazy_keys());
  metrics.lazyfreed_objects += graveyard.take_freed();
  return false;
}

bool sample_memory(const Parts& parts, std::int64_t) {
  Core& core = parts.core;
  if (core.clock.steady_ms() - core.memory_sampled_ms < kSampleMs) return false;
  core.memory_sampled_ms = core.clock.steady_ms();
  core.evictor.beat();
  core.memory_metrics.sample();
  return false;
}

bool report_refusals(const Parts& parts, std::int64_t) {
  parts.core.refusals.beat();
  return false;
}

bool plan_memory(const Parts& parts, std::int64_t) {
  parts.core.memory_plan.beat();
  return false;
}

// Starts snapshots at save points, and looks for the end of a child.
bool save_in_background(const Parts& parts, std::int64_t) {
  parts.core.background_snapshot.beat();
  parts.core.saves.beat();
  return false;
}

// Syncs, retries and rewrites the append-only file.
bool keep_journal(const Parts& parts, std::int64_t) {
  parts.core.journal.beat();
  return false;
}

// Takes its time from that which background work shares (base::TurnTime), as do the chores below
// that use turn_time().
bool write_snapshot(const Parts& parts, std::int64_t budget_us) {
  Core& core = parts.core;
  if (!core.background_snapshot.has_work()) return false;
  base::TurnTime& time = core.executor.turn_time();
  const std::int64_t began_us = core.clock.steady_now_us();
  const bool more = core.background_snapshot.run(time.left_us(budget_us));
  time.spend(core.clock.steady_now_us() - began_us);
  return more;
}

// Pings replicas, and looks for those that are gone.
bool keep_replicas(const Parts& parts, std::int64_t) {
  parts.core.replicas.beat();
  return false;
}

// Starts full syncs, and drops what no replica needs.
bool feed_replicas(const Parts& parts, std::int64_t) { return parts.core.replicas.end_turn(); }

bool defragment(const Parts& parts, std::int64_t budget_us) {
  using Moves = keyspace::Defragmenter::Moves;
  Core& core = parts.core;
  if (!core.defragmenter.is_on()) return false;
  // A snapshot in steps has addresses within values, and in a forked child the system copies each
  // page that changes.
  const bool is_copied = core.background_snapshot.is_running();
  const bool is_loading = (core.gates.closed() & engine::kLoadingGates) != 0;
  base::TurnTime& time = core.executor.turn_time();
  const std::int64_t began_us = core.clock.steady_now_us();
  const bool more = core.defragmenter.run(
      time.left_us(budget_us), is_copied || is_loading ? Moves::forbidden : Moves::allowed);
  time.spend(core.clock.steady_now_us() - began_us);
  return more;
}

// Connects to the primary again if necessary, and sends it this replica's offset.
bool keep_link(const Parts& parts, std::int64_t) {
  parts.core.replica.beat();
  return false;
}

bool expire_own_keys(const Parts& parts, std::int64_t budget_us) {
  parts.core.replica.expire_own_keys(base::Budget(parts.core.clock, budget_us));
  return false;
}

bool end_migrations(const Parts& parts, std::int64_t) {
  parts.core.migrations.beat();
  parts.core.failover.beat();
  return false;
}

bool run_stream(const Parts& parts, std::int64_t budget_us) {
  return parts.core.replica.run_stream(base::Budget(parts.core.clock, budget_us));
}

bool check_connections(const Parts& parts, std::int64_t) {
  parts.connections->run_periodic(static_cast<std::size_t>(parts.core.hz()));
  return false;
}

bool end_waits(const Parts& parts, std::int64_t) {
  parts.core.waiters.expire();
  parts.core.replicas.waits().expire();
  return false;
}

bool end_pause(const Parts& parts, std::int64_t) {
  parts.core.pause.expire();
  return parts.core.pause.resume_some();
}

bool resume_clients(const Parts& parts, std::int64_t budget_us) {
  const bool are_more_held = parts.core.held_keys.resume_some();
  return end_pause(parts, budget_us) || are_more_held;
}

// Evicts, expires, frees, and runs commands that wait or continue.
bool end_turn(const Parts& parts, std::int64_t) { return parts.core.executor.end_turn(); }

bool free_left(const Parts& parts, std::int64_t budget_us) {
  Core& core = parts.core;
  if (!core.sessions.has_left()) return false;
  base::TurnTime& time = core.executor.turn_time();
  const std::int64_t began_us = core.clock.steady_now_us();
  const bool freed = core.sessions.free_left(base::Budget(core.clock, time.left_us(budget_us)));
  time.spend(core.clock.steady_now_us() - began_us);
  return !freed;
}

bool send_invalidations(const Parts& parts, std::int64_t) { return parts.core.tracking.end_turn(); }

bool collect_scripts(const Parts& parts, std::int64_t budget_us) {
  Core& core = parts.core;
  if (!core.scripts.has_garbage() && !core.functions.has_garbage()) return false;
  base::TurnTime& time = core.executor.turn_time();
  const std::int64_t began_us = core.clock.steady_now_us();
  const bool more = core.scripts.collect(time.left_us(budget_us)) ||
                    core.functions.collect(time.left_us(budget_us));
  time.spend(core.clock.steady_now_us() - began_us);
  return more;
}

bool note_peak(const Parts& parts, std::int64_t) {
  parts.core.memory_metrics.note_peak();
  return false;
}

bool count_turn(const Parts& parts, std::int64_t) {
  parts.loop->note_turn();
  return false;
}

// The work at the end of a turn gets less time if chores ran before it. Expiry is charged at the
// end.
class ChargedChores {
 public:
  explicit ChargedChores(Core& core) : core_(core) {}
  ~ChargedChores() { core_.executor.turn_time().spend(time_us() - began_us_); }
  ChargedChores(const ChargedChores&) = delete;
  ChargedChores& operator=(const ChargedChores&) = delete;

 private:
  std::int64_t time_us() const { return core_.clock.steady_now_us() - core_.sweeper.turn_us(); }

  Core& core_;
  const std::int64_t began_us_ = time_us();
};

constexpr Chore kChores[] = {
    {"watchdog", Period::beat, kFewUs, Bound::own, with_watchdog, restart_watchdog},
    {"figures of the loop", Period::beat, kFewUs, Bound::own, with_loop, sample_loop},
    {"expiry", Period::beat, expiry::Sweeper::kStepUs, Bound::own, unless_paused, expire},
    {"times of commands", Period::beat, kFewUs, Bound::own, unless_paused, watch_commands},
    {"access bits", Period::beat, 500, Bound::budget, unless_paused, age},
    {"big keys", Period::beat, keyspace::BigKeys::kMostUs, Bound::own, unless_paused,
     look_for_big_keys},
    {"lazy frees", Period::beat, kFewUs, Bound::own, unless_paused, count_lazy_frees},
    // Reads files of the system.
    {"figures of memory", Period::beat, 200, Bound::own, unless_paused, sample_memory},
    // Reads files of the system.
    {"maxmemory auto", Period::beat, 200, Bound::own, always, plan_memory},
    {"refused memory", Period::beat, kFewUs, Bound::own, always, report_refusals},
    // A fork takes longer, with snapshot-method fork.
    {"append-only file", Period::beat, kFewUs, Bound::own, always, keep_journal},
    {"link to the primary", Period::beat, 200, Bound::own, always, keep_link},
    {"deadlines on a replica", Period::beat, 500, Bound::budget, unless_paused, expire_own_keys},
    {"migrations and failover", Period::beat, kFewUs, Bound::own, always, end_migrations},
    {"save points", Period::beat, 200, Bound::own, unless_paused, save_in_background},
    {"replicas", Period::beat, 100, Bound::own, always, keep_replicas},
    {"connections", Period::beat, net::Connections::kPeriodicUs, Bound::own, with_network,
     check_connections},
    {"fast expiry", Period::sweep, expiry::Sweeper::kStepUs, Bound::own, unless_paused,
     expire_fast},
    {"timeouts", Period::deadline, engine::Waiters::kExpireUs, Bound::own, always, end_waits},
    {"pause", Period::deadline, engine::Pause::kResumeUs, Bound::own, always, end_pause},
    {"resumed clients", Period::turn, engine::Pause::kResumeUs, Bound::own, always, resume_clients},
    {"stream of the primary", Period::turn, replication::Replica::kRunUs, Bound::commands, always,
     run_stream},
    {"data of ended sessions", Period::turn, 300, Bound::budget, always, free_left},
    {"dropped scripts", Period::turn, 300, Bound::budget, always, collect_scripts},
    {"snapshot", Period::turn, 500, Bound::budget, always, write_snapshot},
    {"stream for replicas", Period::turn, 500, Bound::own, always, feed_replicas},
    {"defragmentation", Period::turn, keyspace::Defragmenter::kStepUs, Bound::budget, unless_paused,
     defragment},
    {"data", Period::turn, engine::Executor::kEndTurnUs, Bound::own, always, end_turn},
    {"invalidations", Period::turn, pubsub::Tracking::kTrimUs + pubsub::Tracking::kFreeUs,
     Bound::commands, always, send_invalidations},
    {"peak of memory", Period::turn, kFewUs, Bound::own, always, note_peak},
    {"turns", Period::turn, kFewUs, Bound::own, with_loop, count_turn},
};

}  // namespace

std::span<const Chore> chores() { return kChores; }

void Core::beat() { run_chores(Period::beat, {*this}); }

bool Core::end_turn() { return run_chores(Period::turn, {*this}); }

bool run_chores(Period period, const ChoreParts& parts) {
  std::optional<ChargedChores> charged;
  if (period != Period::turn) charged.emplace(parts.core);
  bool left = false;
  for (const Chore& chore : kChores) {
    if (chore.period != period || !chore.exists(parts)) continue;
    left |= chore.run(parts, chore.most_us);
  }
  return left;
}

}  // namespace larder::server
