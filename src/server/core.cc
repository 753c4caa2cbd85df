#include "larder/server/core.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "larder/commands/client_line.h"
#include "larder/commands/index.h"

namespace larder::server {
namespace {

// The most that one beat spends on keeping access bits right.
constexpr std::int64_t kAgeUs = 500;
// The most that a turn spends on what sessions left behind.
constexpr std::int64_t kFreeLeftUs = 300;

// Beats per second at most, and the clients for one of them that dynamic-hz aims at.
constexpr std::int64_t kMostHz = 500;
constexpr std::int64_t kClientsPerBeat = 200;

// How often the allocator's and the system's figures are read.
constexpr std::int64_t kSampleMs = 100;

void rename_commands(engine::CommandTable& commands, const config::Lines& names) {
  const auto& lines = names.value();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto renamed = commands.rename(lines[i][0], lines[i][1]);
    if (renamed) continue;
    throw config::BadLine(names.group().registry().report(names, i, renamed.error().text));
  }
}

std::uint64_t random_seed() {
  std::array<std::byte, sizeof(std::uint64_t)> bytes;
  base::random_secret(bytes);
  std::uint64_t seed;
  std::memcpy(&seed, bytes.data(), sizeof seed);
  return seed;
}

}  // namespace

Core::Core(Configuration& configuration_, base::Clock& clock_, base::Log& log_,
           engine::Shutdown& shutdown)
    : configuration(configuration_),
      clock(clock_),
      log(log_),
      rng(random_seed()),
      memory_metrics(reporter),
      keyspace_metrics(reporter),
      keyspace(clock, rng, configuration.keyspace, keyspace_metrics),
      database_metrics(reporter, keyspace),
      expiry_metrics(reporter, keyspace),
      sweeper(keyspace, configuration.expiry, expiry_metrics),
      eviction_metrics(reporter, configuration.eviction, clock),
      evictor(keyspace, configuration.eviction, eviction_metrics),
      engine_metrics(reporter),
      observer(clock, configuration.engine),
      waiters(clock, keyspace, engine_metrics, observer),
      watches(keyspace),
      watch_metrics(reporter, watches),
      pause({clock, gates, keyspace, sessions}),
      wait_metrics(reporter, waiters, pause),
      acl_metrics(reporter),
      pubsub_metrics(reporter, hub),
      persistence_metrics(reporter, clock, keyspace, gates),
      replication_metrics(reporter, configuration.replication),
      cluster_metrics(reporter),
      limits{configuration.net.clients.proto_max_bulk_len},
      config_file{configuration.file},
      commands(commands::index(), tools(shutdown)),
      command_metrics(reporter, commands, engine_metrics, configuration.engine),
      acl({configuration.acl, configuration.engine, commands, sessions, acl_metrics, clock, log,
           &commands::client_line}),
      hot_key_metrics(reporter),
      hot_keys(clock, rng, configuration.engine, hot_key_metrics),
      executor({clock, commands, keyspace, evictor, sweeper, gates, effects, engine_metrics,
                waiters, watches, observer, &acl, &hot_keys}),
      notifier(configuration.pubsub, keyspace, executor, hub),
      monitors(executor, clock),
      tracking({configuration.tracking, keyspace, executor, sessions, clock, rng}),
      tracking_metrics(reporter, tracking) {
  rename_commands(commands, configuration.engine.rename_command);
  auditor.add(acl);
  auditor.add(sessions);
  auditor.add(keyspace);
  auditor.add(waiters);
  auditor.add(executor.long_commands());
  auditor.add(watches);
  auditor.add(observer.log);
  auditor.add(observer.latency);
  auditor.add(commands);
  auditor.add(hub);
  auditor.add(monitors);
  auditor.add(tracking);
  executor.attach(tracking);
  auditor.add(hot_keys);
  executor.attach(notifier);
  acl.ask_about_channels(hub);
}

Core::~Core() { sessions.free_left(base::Budget::unlimited()); }

engine::Toolbox Core::tools(engine::Shutdown& shutdown) {
  engine::Toolbox box;
  box.lend(clock);
  box.lend(log);
  box.lend(rng);
  box.lend(configuration.registry);
  box.lend(configuration.eviction);
  box.lend(configuration.types);
  box.lend(reporter);
  box.lend(auditor);
  box.lend(memory_metrics);
  box.lend(keyspace);
  box.lend(sweeper);
  box.lend(evictor);
  box.lend(static_cast<engine::Credentials&>(acl));
  box.lend(static_cast<engine::Guard&>(acl));
  box.lend(acl);
  box.lend(limits);
  box.lend(config_file);
  box.lend(cron);
  box.lend(reply_peak);
  box.lend(configuration.engine);
  box.lend(configuration.keyspace);
  box.lend(configuration.persistence.snapshots);
  box.lend(expiry_metrics);
  box.lend(sessions);
  box.lend(pause);
  box.lend(watches);
  box.lend(hub);
  box.lend(executor);
  box.lend(hot_keys);
  box.lend(observer.log);
  box.lend(observer.latency);
  box.lend(monitors);
  box.lend(persistence_metrics);
  box.lend(replication_metrics);
  box.lend(tracking);
  box.lend(gates);
  box.lend(commands);
  box.lend(engine_metrics);
  box.lend(shutdown);
  return box;
}

std::int64_t Core::hz() const {
  std::int64_t hz = std::clamp<std::int64_t>(configuration.engine.hz.value(), 1, kMostHz);
  if (!configuration.engine.dynamic_hz.value()) return hz;
  const auto clients = static_cast<std::int64_t>(sessions.size());
  while (hz < kMostHz && clients / hz > kClientsPerBeat) hz = std::min(2 * hz, kMostHz);
  return hz;
}

void Core::beat() {
  if (cron.paused) return;
  observer.latency.watch(engine::LatencyEvent::expire_cycle,
                         [this] { return sweeper.run(sweeper.budget()); });
  observer.tend();
  evictor.ager().run(base::Budget(clock, kAgeUs));
  keyspace.look_for_big_keys();
  keyspace::Graveyard& graveyard = keyspace.graveyard();
  memory_metrics.lazyfree_pending_objects = static_cast<std::int64_t>(graveyard.lazy_keys());
  memory_metrics.lazyfreed_objects += graveyard.take_freed();
  if (clock.steady_ms() - sampled_ms_ >= kSampleMs) {
    sampled_ms_ = clock.steady_ms();
    memory_metrics.sample();
  }
}

std::int64_t Core::next_deadline_us() const {
  const std::int64_t wait_us = waiters.next_deadline_us();
  const std::int64_t pause_us = pause.deadline_us();
  return wait_us == 0 || pause_us == 0 ? std::max(wait_us, pause_us) : std::min(wait_us, pause_us);
}

bool Core::end_turn() {
  pause.expire();
  bool left = executor.end_turn();
  if (sessions.has_left()) left |= !sessions.free_left(base::Budget(clock, kFreeLeftUs));
  left |= tracking.end_turn();
  memory_metrics.note_peak();
  return left;
}

}  // namespace larder::server
