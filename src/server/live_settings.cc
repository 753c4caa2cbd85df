#include "live_settings.h"

#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "larder/memory/pages.h"

namespace larder::server {
namespace {

// In the order of the words of syslog-facility.
constexpr std::array<int, 9> kFacilities = {LOG_USER,   LOG_LOCAL0, LOG_LOCAL1,
                                            LOG_LOCAL2, LOG_LOCAL3, LOG_LOCAL4,
                                            LOG_LOCAL5, LOG_LOCAL6, LOG_LOCAL7};

std::string listen_address(const net::ListenSettings& settings, std::int64_t tls_port) {
  const std::int64_t plain = settings.port.value();
  const std::int64_t port = plain != 0 ? plain : tls_port;
  if (port == 0) return settings.unixsocket.value();
  const auto& addresses = settings.bind.value();
  const std::string first = addresses.empty() ? "*" : addresses.front();
  return first + ":" + std::to_string(port);
}

}  // namespace

net::TcpPlace tcp_place(const net::ListenSettings& settings) {
  return {.addresses = settings.bind.value(),
          .port = static_cast<int>(settings.port.value()),
          .backlog = static_cast<int>(settings.tcp_backlog.value()),
          .mark = static_cast<int>(settings.socket_mark_id.value())};
}

net::TcpPlace metrics_place(const Configuration& configuration) {
  net::TcpPlace place = tcp_place(configuration.net.listen);
  place.addresses = configuration.metrics.metrics_bind.value();
  place.port = static_cast<int>(configuration.metrics.metrics_port.value());
  return place;
}

net::TcpPlace tls_place(const Configuration& configuration) {
  net::TcpPlace place = tcp_place(configuration.net.listen);
  place.port = static_cast<int>(configuration.tls.tls_port.value());
  return place;
}

net::UnixPlace unix_place(const net::ListenSettings& settings) {
  return {.path = settings.unixsocket.value(),
          .mode = static_cast<unsigned>(settings.unixsocketperm.value()),
          .backlog = static_cast<int>(settings.tcp_backlog.value())};
}

base::Result<void> set_up_log(base::Log& log, const LogSettings& settings) {
  log.level(settings.loglevel.as<base::LogLevel>());
  if (settings.syslog_enabled.value()) {
    log.mirror_to_syslog(settings.syslog_ident.value(),
                         kFacilities[static_cast<std::size_t>(settings.syslog_facility.value())]);
  }
  return log.write_to(settings.logfile.value());
}

LiveSettings::LiveSettings(const Parts& parts) : parts_(parts), oom_score_(parts.log) {
  apply_settings();
  watch_network();
  watch_tls();
  watch_process();
  watch_log();
}

void LiveSettings::apply_settings() {
  apply_crash_log();
  apply_watchdog();
  parts_.crashes.exit_on_panic(parts_.configuration.server.log.use_exit_on_panic.value());
  show_title();
  if (const auto changed = change_oom_score(); !changed) {
    parts_.log.warning(changed.error().text);
  }
  if (const auto changed = change_page_return(); !changed) {
    parts_.log.warning("jemalloc-bg-thread cannot be applied: " + changed.error().text);
  }
}

void LiveSettings::watch_network() {
  auto& listen_settings = parts_.configuration.net.listen;
  listen_settings.port.watch(
      [this] { return listen("Unable to listen on this port. Check server logs."); });
  listen_settings.bind.watch([this]() -> base::Result<void> {
    const char* const refusal = "Failed to bind to specified addresses.";
    if (auto moved = listen(refusal); !moved) return moved;
    if (parts_.listeners.listen_tls(tls_place(parts_.configuration))) return {};
    return base::Error{refusal};
  });
  auto& metrics = parts_.configuration.metrics;
  metrics.metrics_port.watch(
      [this] { return listen_for_metrics("Unable to listen on this port. Check server logs."); });
  metrics.metrics_bind.watch(
      [this] { return listen_for_metrics("Failed to bind to specified addresses."); });
  parts_.configuration.net.clients.maxclients.watch([this] { return change_most_clients(); });
}

void LiveSettings::watch_tls() {
  auto& tls = parts_.configuration.tls;
  for (config::Directive* directive : std::initializer_list<config::Directive*>{
           &tls.tls_cert_file, &tls.tls_key_file, &tls.tls_key_file_pass, &tls.tls_ca_cert_file,
           &tls.tls_ca_cert_dir, &tls.tls_dh_params_file, &tls.tls_auth_clients, &tls.tls_protocols,
           &tls.tls_ciphers, &tls.tls_ciphersuites, &tls.tls_prefer_server_ciphers,
           &tls.tls_session_caching, &tls.tls_session_cache_size, &tls.tls_session_cache_timeout,
           &tls.tls_client_cert_file, &tls.tls_client_key_file, &tls.tls_client_key_file_pass,
           &tls.tls_replication}) {
    directive->watch([this] { return change_tls(); });
  }
  tls.tls_port.watch([this] { return change_tls_port(); });
}

void LiveSettings::watch_process() {
  auto& settings = parts_.configuration.server.process;
  settings.proc_title_template.watch([this] {
    show_title();
    return base::Result<void>();
  });
  settings.oom_score_adj.watch([this] { return change_oom_score(); });
  settings.oom_score_adj_values.watch([this] { return change_oom_score(); });
  parts_.configuration.memory.jemalloc_bg_thread.watch([this] { return change_page_return(); });
  settings.dir.watch([this]() -> base::Result<void> {
    if (::chdir(parts_.configuration.server.process.dir.value().c_str()) == 0) return {};
    return base::Error{std::strerror(errno)};
  });
}

void LiveSettings::watch_log() {
  auto& settings = parts_.configuration.server.log;
  settings.loglevel.watch([this] {
    parts_.log.level(parts_.configuration.server.log.loglevel.as<base::LogLevel>());
    return base::Result<void>();
  });
  settings.crash_log_enabled.watch([this] {
    apply_crash_log();
    return base::Result<void>();
  });
  settings.use_exit_on_panic.watch([this] {
    parts_.crashes.exit_on_panic(parts_.configuration.server.log.use_exit_on_panic.value());
    return base::Result<void>();
  });
  settings.watchdog_period.watch([this] {
    apply_watchdog();
    return base::Result<void>();
  });
}

base::Result<void> LiveSettings::listen(const char* refusal) {
  if (parts_.listeners.listen_tcp(tcp_place(parts_.configuration.net.listen))) {
    show_title();
    return {};
  }
  return base::Error{refusal};
}

base::Result<void> LiveSettings::listen_for_metrics(const char* refusal) {
  if (parts_.metrics_port.listen(metrics_place(parts_.configuration))) return {};
  return base::Error{refusal};
}

// While nothing uses TLS, the settings need not be consistent yet.
base::Result<void> LiveSettings::change_tls() {
  const auto& settings = parts_.configuration.tls;
  if (!net::uses_tls(settings) || parts_.tls.configure(settings)) return {};
  return base::Error{"Unable to update TLS configuration. Check server logs."};
}

base::Result<void> LiveSettings::change_tls_port() {
  if (auto changed = change_tls(); !changed) return changed;
  const bool moved =
      static_cast<bool>(parts_.listeners.listen_tls(tls_place(parts_.configuration)));
  if (!moved) return base::Error{"Unable to listen on this port. Check server logs."};
  show_title();
  return {};
}

base::Result<void> LiveSettings::change_most_clients() {
  const std::int64_t asked = parts_.configuration.net.clients.maxclients.value();
  const auto possible = process::reserve_descriptors(asked, parts_.log);
  if (possible && possible.value() >= asked) return {};
  return base::Error{
      "The operating system is not able to handle the specified number of clients, try with " +
      std::to_string(possible ? possible.value() : 0)};
}

base::Result<void> LiveSettings::change_oom_score() {
  const auto& settings = parts_.configuration.server.process;
  return oom_score_.apply(settings.oom_score_adj.as<process::OomScoreMode>(),
                          settings.oom_score_adj_values.value());
}

base::Result<void> LiveSettings::change_page_return() {
  const bool by_thread = parts_.configuration.memory.jemalloc_bg_thread.value();
  return memory::set_page_return(by_thread ? memory::PageReturn::by_thread
                                           : memory::PageReturn::by_caller);
}

void LiveSettings::apply_crash_log() {
  if (parts_.configuration.server.log.crash_log_enabled.value()) return parts_.crashes.enable();
  parts_.crashes.disable();
}

void LiveSettings::apply_watchdog() {
  const std::int64_t asked = parts_.configuration.server.log.watchdog_period.value();
  const std::int64_t hz = std::clamp<std::int64_t>(parts_.configuration.engine.hz.value(), 1, 500);
  parts_.watchdog.period_ms(asked == 0 ? 0 : std::max<std::int64_t>(asked, 2 * 1000 / hz));
}

void LiveSettings::show_title() { show(parts_.title.program().c_str()); }

void LiveSettings::show(const char* title) {
  const auto& settings = parts_.configuration.server.process;
  const auto& listen_settings = parts_.configuration.net.listen;
  if (!settings.set_proc_title.value()) return;
  parts_.title.show(process::expand_title(
      settings.proc_title_template.value(),
      {.title = title,
       .listen_address = listen_address(listen_settings, parts_.configuration.tls.tls_port.value()),
       .mode = {},
       .port = std::to_string(listen_settings.port.value()),
       .tls_port = std::to_string(parts_.configuration.tls.tls_port.value()),
       .unix_socket = listen_settings.unixsocket.value(),
       .config_file = parts_.configuration.file}));
}

}  // namespace larder::server
