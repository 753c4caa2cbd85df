#include "larder.h"

#include <cstdlib>
#include <filesystem>
#include <string>

#include "banner.h"

namespace larder::server {
namespace {

std::string whole_path(const std::string& program) {
  std::error_code ignored;
  const auto link = std::filesystem::read_symlink("/proc/self/exe", ignored);
  return link.empty() ? program : link.string();
}

// Runs turns of the loop while data is loaded.
class TurnsWhileLoading final : public persistence::LoadingHost {
 public:
  explicit TurnsWhileLoading(net::Loop& loop) : loop_(loop) {}
  bool serve() override {
    loop_.run_once(0);
    return !loop_.is_stopped();
  }
  bool wait() override {
    loop_.run_once(kWaitUs);
    return !loop_.is_stopped();
  }

 private:
  static constexpr std::int64_t kWaitUs = 10'000;

  net::Loop& loop_;
};

}  // namespace

Larder::Larder(const Parts& parts)
    : parts_(parts),
      loop_(net::make_epoll_loop(clock_)),
      signals_(parts.log),
      shutdown_(*loop_, signals_, parts.configuration, parts.log),
      core_(parts.configuration, clock_, parts.log, shutdown_),
      crash_details_(core_.reporter, core_.executor),
      crashes_(signals_, crash_details_),
      net_metrics_(core_.reporter),
      tls_(parts.log),
      connections_({*loop_, parts.log, core_.executor, core_.sessions, core_.acl,
                    parts.configuration.net, parts.configuration.eviction, net_metrics_, &tls_,
                    &core_.reply_peak}),
      budget_metrics_(core_.reporter, parts.configuration.eviction, connections_),
      snapshot_wake_(*loop_, core_.snapshot_worker),
      journal_wake_(*loop_, core_.journal_worker),
      resolver_wake_(*loop_, resolver_),
      outgoing_(*loop_, tls_, resolver_),
      link_place_(parts.configuration),
      replica_wake_(*loop_, core_.replica_worker),
      listeners_(*loop_, connections_, parts.log),
      metrics_port_({*loop_, parts.log, core_.reporter, core_.gates}),
      server_metrics_(core_.reporter, parts.configuration, clock_, *loop_, listeners_,
                      {whole_path(parts.title.program()), std::string(parts.supervisor.name())}),
      client_metrics_(core_.reporter, parts.configuration, connections_),
      cpu_metrics_(core_.reporter),
      loop_metrics_(core_.reporter, *loop_, core_.commands, core_.engine_metrics, net_metrics_),
      heartbeat_({core_, &connections_, &loop_metrics_, &watchdog_}, *loop_),
      live_settings_({parts.configuration, parts.log, listeners_, metrics_port_, tls_, crashes_,
                      watchdog_, parts.title}) {
  shutdown_.attach(core_);
  core_.replica.connect_through(&outgoing_, &link_place_);
  core_.migrations.connect_through(&outgoing_, &link_place_);
  core_.scripts.serve_with(script_turns_);
  core_.scripts.debug_through(connections_, signals_.wake_descriptor());
  core_.background_snapshot.name_children(live_settings_.child_title());
  core_.auditor.add(connections_);
  core_.auditor.add(metrics_port_);
  core_.auditor.add(outgoing_);
}

Larder::~Larder() {
  core_.migrations.connect_through(nullptr, nullptr);
  core_.replica.connect_through(nullptr, nullptr);
}

base::Result<void> Larder::listen() {
  const auto& settings = parts_.configuration.net.listen;
  const auto tcp = listeners_.listen_tcp(tcp_place(settings));
  if (!tcp) {
    return base::Error{"Failed listening on port " + std::to_string(settings.port.value()) +
                       " (tcp), aborting."};
  }
  if (auto opened = listen_tls(); !opened) return opened;
  const auto local = listeners_.listen_unix(unix_place(settings));
  if (!local) return base::Error{"Failed opening Unix socket: " + local.error().text};
  const auto metrics = metrics_port_.listen(metrics_place(parts_.configuration));
  if (!metrics) return base::Error{"Failed listening on the metrics port: " + metrics.error().text};
  if (listeners_.has_tcp() || listeners_.has_tls() || listeners_.has_unix()) return {};
  return base::Error{"Configured to not listen anywhere, exiting."};
}

base::Result<void> Larder::listen_tls() {
  const auto& settings = parts_.configuration.tls;
  if (!net::uses_tls(settings)) return {};
  if (!tls_.configure(settings)) {
    return base::Error{"Failed to configure TLS. Check logs for more info."};
  }
  if (settings.tls_port.value() == 0) return {};
  if (listeners_.listen_tls(tls_place(parts_.configuration))) return {};
  return base::Error{"Failed listening on port " + std::to_string(settings.tls_port.value()) +
                     " (tls), aborting."};
}

persistence::Loading Larder::load() {
  TurnsWhileLoading host(*loop_);
  shutdown_.loading(true);
  persistence::Loading result = core_.load(host);
  const bool loaded =
      result == persistence::Loading::done || result == persistence::Loading::no_file;
  if (loaded && !begin_journal()) result = persistence::Loading::failed;
  shutdown_.loading(false);
  return result;
}

// Data that come from a snapshot are in no append-only file yet: clients wait until they are.
bool Larder::begin_journal() {
  if (!parts_.configuration.persistence.journal.appendonly.value()) return true;
  if (const auto begun = core_.journal.begin(); !begun) {
    parts_.log.warning(begun.error().text);
    return false;
  }
  core_.gates.close(engine::Gate::loading);
  while (!core_.journal.is_safe() && !loop_->is_stopped()) loop_->run_once(10'000);
  core_.gates.open(engine::Gate::loading);
  return true;
}

int Larder::run() {
  core_.memory_metrics.note_startup();
  listeners_.open();
  metrics_port_.open();
  const persistence::Loading loaded = load();
  if (loaded == persistence::Loading::failed) return 1;
  if (loaded == persistence::Loading::stopped) return 0;
  const std::string ready = "Ready to accept connections";
  if (listeners_.has_tcp()) parts_.log.notice(ready + " tcp");
  if (listeners_.has_unix()) parts_.log.notice(ready + " unix");
  if (listeners_.has_tls()) parts_.log.notice(ready + " tls");
  parts_.supervisor.status(ready);
  parts_.supervisor.ready();
  core_.replica.start();
  serve();
  close();
  return 0;
}

void Larder::serve() {
  while (!loop_->is_stopped()) {
    loop_->run_once(-1);
    if (!core_.replica.has_copy() || loop_->is_stopped()) continue;
    TurnsWhileLoading host(*loop_);
    shutdown_.loading(true);
    core_.replica.load_copy(host);
    shutdown_.loading(false);
  }
}

void Larder::close() {
  // Otherwise the ring has what the file lacks.
  if (!leaves_threads()) core_.journal.close();
  parts_.supervisor.stopping();
  metrics_port_.close();
  listeners_.close_tcp();
  listeners_.close_unix();
}

void Larder::leave() {
  parts_.pid_file.remove();
  if (leaves_threads()) {
    parts_.log.warning("The disk does not answer. The server ends without waiting for it.");
  }
  parts_.log.notice(kBye);
  std::_Exit(0);
}

}  // namespace larder::server
