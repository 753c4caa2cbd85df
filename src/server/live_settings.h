#pragma once

// Applies the directives of the process and the network: at the start, and when CONFIG SET changes
// them.

#include "larder/base/log.h"
#include "larder/net/listener.h"
#include "larder/net/metrics_port.h"
#include "larder/net/tls.h"
#include "larder/persistence/background_snapshot.h"
#include "larder/process/crash.h"
#include "larder/process/limits.h"
#include "larder/process/title.h"
#include "larder/process/watchdog.h"
#include "larder/server/configuration.h"

namespace larder::server {

net::TcpPlace tcp_place(const net::ListenSettings& settings);
net::TcpPlace metrics_place(const Configuration& configuration);
net::TcpPlace tls_place(const Configuration& configuration);
net::UnixPlace unix_place(const net::ListenSettings& settings);

// Configures the log from the settings. The error is the reason why the file cannot be written.
base::Result<void> set_up_log(base::Log& log, const LogSettings& settings);

class LiveSettings final : private persistence::ChildTitle {
 public:
  struct Parts {
    Configuration& configuration;
    base::Log& log;
    net::Listeners& listeners;
    net::MetricsPort& metrics_port;
    net::Tls& tls;
    process::CrashReports& crashes;
    process::Watchdog& watchdog;
    process::Title& title;
  };
  explicit LiveSettings(const Parts& parts);

  // The title of the process with this word instead of the program's path.
  persistence::ChildTitle& child_title() { return *this; }

 private:
  void show(const char* title) override;
  void apply_settings();
  void watch_network();
  void watch_tls();
  void watch_process();
  void watch_log();
  base::Result<void> listen(const char* refusal);
  base::Result<void> listen_for_metrics(const char* refusal);
  base::Result<void> change_tls();
  base::Result<void> change_tls_port();
  base::Result<void> change_most_clients();
  base::Result<void> change_oom_score();
  base::Result<void> change_page_return();
  void apply_crash_log();
  void apply_watchdog();
  void show_title();

  Parts parts_;
  process::OomScore oom_score_;
};

}  // namespace larder::server
