#include "larder/server/core.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "larder/commands/client_line.h"
#include "larder/commands/index.h"

namespace larder::server {
namespace {

// Beats per second at most, and the clients for one of them that dynamic-hz aims at.
constexpr std::int64_t kMostHz = 500;
constexpr std::int64_t kClientsPerBeat = 200;

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

// The parts that handlers can name as tools; the audit walks those of them that hold memory.
// Directives and INFO fields register themselves when they are constructed.
template <typename Visit>
void Core::each_part(Visit visit) {
  visit(clock);
  visit(log);
  visit(shutdown);
  visit(configuration.registry);
  visit(configuration.engine);
  visit(configuration.eviction);
  visit(configuration.keyspace);
  visit(configuration.observe);
  visit(configuration.persistence.snapshots);
  visit(configuration.types);
  visit(auditor);
  visit(reporter);
  visit(memory_metrics);
  visit(static_cast<memory::Purger&>(page_purge));
  visit(keyspace);
  visit(expiry_metrics);
  visit(sweeper);
  visit(evictor);
  visit(engine_metrics);
  visit(observer.log);
  visit(observer.latency);
  visit(waiters);
  visit(watches);
  visit(gates);
  visit(sessions);
  visit(pause);
  visit(hub);
  visit(persistence_metrics);
  visit(checksums);
  visit(payload_checks);
  visit(snapshots);
  visit(background_snapshot);
  visit(saves);
  visit(history);
  visit(backlog);
  visit(feed);
  visit(replicas);
  visit(replication_metrics);
  visit(effects);
  visit(limits);
  visit(config_file);
  visit(cron);
  visit(reply_peak);
  visit(commands);
  visit(acl);
  visit(static_cast<engine::Credentials&>(acl));
  visit(static_cast<engine::Guard&>(acl));
  visit(hot_keys);
  visit(executor);
  visit(journal);
  visit(replica);
  visit(migrations);
  visit(failover);
  visit(monitors);
  visit(tracking);
  visit(scripts);
  visit(functions);
}

engine::Toolbox Core::tools() {
  engine::Toolbox box;
  each_part([&box](auto& part) { box.lend(part); });
  return box;
}

void Core::audit_parts() {
  each_part([this]<typename Part>(Part& part) {
    if constexpr (std::is_base_of_v<memory::AuditedOwner, Part>) auditor.add(part);
  });
  auditor.add(executor.long_commands());
}

Core::Core(Configuration& configuration_, base::Clock& clock_, base::Log& log_,
           engine::Shutdown& shutdown_)
    : configuration(configuration_),
      clock(clock_),
      log(log_),
      shutdown(shutdown_),
      rng(random_seed()),
      memory_metrics(reporter),
      keyspace_metrics(reporter),
      keyspace(clock, rng, configuration.keyspace, keyspace_metrics),
      database_metrics(reporter, keyspace),
      evacuator(keyspace, memory_metrics),
      defragmenter(keyspace, evacuator, configuration.memory, memory_metrics),
      expiry_metrics(reporter, keyspace),
      sweeper(keyspace, configuration.expiry, expiry_metrics),
      eviction_metrics(reporter, configuration.eviction, clock),
      evictor(keyspace, evacuator, configuration.eviction, eviction_metrics),
      engine_metrics(reporter),
      observer(clock, configuration.observe),
      waiters(clock, keyspace, engine_metrics, observer),
      watches(keyspace),
      pause({clock, gates, keyspace, waiters.paused()}),
      session_metrics(reporter, waiters, pause, watches),
      acl_metrics(reporter),
      pubsub_metrics(reporter, hub),
      persistence_metrics(reporter, clock, keyspace, gates),
      disk_errors(configuration.persistence.snapshots, gates, persistence_metrics),
      payload_checks(configuration.persistence.snapshots, checksums, persistence_metrics),
      snapshots({clock, log, keyspace, evictor, configuration.types,
                 configuration.persistence.snapshots, persistence_metrics, gates, disk_errors,
                 checksums}),
      background_snapshot({log, snapshots, configuration.persistence.snapshots, persistence_metrics,
                           gates, waiters, observer, snapshot_worker, file_calls}),
      saves({log, snapshots, background_snapshot, configuration.persistence.snapshots,
             persistence_metrics, disk_errors}),
      replication_metrics(reporter, configuration.replication, history, backlog),
      cluster_metrics(reporter),
      replicas({clock, log, history, backlog, feed, configuration.replication,
                configuration.net.clients.client_output_buffer_limit, configuration.eviction,
                replication_metrics, background_snapshot, replica_worker, gates, waiters}),
      replicas_metrics(reporter, replicas, configuration.replication, feed, replication_metrics),
      limits{configuration.net.clients.proto_max_bulk_len},
      config_file{configuration.file},
      commands(commands::index(), tools()),
      command_metrics(reporter, commands, engine_metrics, configuration.observe),
      acl({configuration.acl, configuration.engine, commands, sessions, acl_metrics, clock, log,
           &commands::client_line}),
      hot_key_metrics(reporter),
      hot_keys(clock, rng, configuration.observe, hot_key_metrics),
      executor({clock, commands, keyspace, evictor, sweeper, gates, effects, engine_metrics,
                waiters, watches, observer, &acl, &hot_keys}),
      journal({log, clock, snapshots, background_snapshot, journal_worker, executor, commands,
               sessions, effects, waiters, observer, gates, configuration.persistence.journal,
               persistence_metrics, reporter, disk_errors}),
      replica({clock, log, keyspace, executor, sessions, waiters, gates, engine_metrics, snapshots,
               journal, configuration.persistence.snapshots, snapshot_worker, file_calls, history,
               feed, replicas, configuration.replication, configuration.eviction,
               replication_metrics}),
      replica_metrics(reporter, replica),
      migrations({clock, keyspace, executor, sessions, waiters, held_keys,
                  configuration.persistence.snapshots}),
      failover({clock, log, history, replicas, replica, pause, replication_metrics}),
      notifier(configuration.pubsub, keyspace, executor, hub),
      monitors(executor, clock),
      tracking({configuration.tracking, keyspace, executor, sessions, clock, rng}),
      tracking_metrics(reporter, tracking),
      script_metrics(reporter),
      scripts({clock, log, configuration.scripting, commands, sessions, gates, effects, executor,
               acl, script_metrics, memory_metrics}),
      functions(scripts) {
  if (configuration.memory.defragments_in_vain()) {
    throw std::runtime_error(std::string(memory::Settings::kNoDefragmentation));
  }
  rename_commands(commands, configuration.engine.rename_command);
  audit_parts();
  executor.attach(tracking);
  executor.attach(notifier);
  acl.set_subscriptions(hub);
  snapshots.set_functions(functions);
  snapshots.set_stream(replicas);
  replicas.know(journal);
  feed.follow(executor);
}

persistence::Loading Core::load(persistence::LoadingHost& host) {
  if (configuration.persistence.journal.appendonly.value()) {
    const persistence::Loading loaded = journal.load(host);
    if (loaded != persistence::Loading::no_file) return loaded;
  }
  return snapshots.load(host);
}

Core::~Core() {
  sessions.free_left(base::Budget::unlimited());
  feed.close();
}

std::int64_t Core::hz() const {
  std::int64_t hz = std::clamp<std::int64_t>(configuration.engine.hz.value(), 1, kMostHz);
  if (!configuration.engine.dynamic_hz.value()) return hz;
  const auto clients = static_cast<std::int64_t>(sessions.size());
  while (hz < kMostHz && clients / hz > kClientsPerBeat) hz = std::min(2 * hz, kMostHz);
  return hz;
}

std::int64_t Core::next_deadline_us() const {
  const auto earlier = [](std::int64_t a, std::int64_t b) {
    return a == 0 || b == 0 ? std::max(a, b) : std::min(a, b);
  };
  return earlier(earlier(background_snapshot.wakes_us(), replicas.wakes_us()),
                 earlier(waiters.next_deadline_us(), pause.deadline_us()));
}

}  // namespace larder::server
