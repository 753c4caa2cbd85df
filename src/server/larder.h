#pragma once

// The whole server: the core with its network and process around it.

#include <memory>
#include <stdexcept>

#include "busy_turns.h"
#include "crash_details.h"
#include "disk_wake.h"
#include "heartbeat.h"
#include "larder/base/clock.h"
#include "larder/base/log.h"
#include "larder/net/budget_metrics.h"
#include "larder/net/connections.h"
#include "larder/net/listener.h"
#include "larder/net/loop.h"
#include "larder/net/metrics.h"
#include "larder/net/metrics_port.h"
#include "larder/net/outgoing.h"
#include "larder/net/tls.h"
#include "larder/process/background.h"
#include "larder/process/crash.h"
#include "larder/process/signals.h"
#include "larder/process/title.h"
#include "larder/process/watchdog.h"
#include "larder/server/configuration.h"
#include "larder/server/core.h"
#include "link_place.h"
#include "live_settings.h"
#include "metrics.h"
#include "orderly_shutdown.h"
#include "script_alarm.h"

namespace larder::server {

class Larder {
 public:
  struct Parts {
    Configuration& configuration;
    base::Log& log;
    process::Title& title;
    process::Supervisor& supervisor;
    process::PidFile& pid_file;
  };
  explicit Larder(const Parts& parts);
  ~Larder();
  Larder(const Larder&) = delete;
  Larder& operator=(const Larder&) = delete;

  // Opens the listening sockets as configured. The error is a line for the log before the process
  // ends.
  base::Result<void> listen();
  // Loads the data, serves until a shutdown, and returns the process's exit status.
  int run();
  // run() has returned, but a thread waits for the disk: the process must end without destroying
  // this.
  bool leaves_threads() const { return shutdown_.leaves_threads(); }
  // Ends the process without destroying this.
  [[noreturn]] void leave();

 private:
  class ScriptTurns final : public BusyTurns {
   public:
    explicit ScriptTurns(Larder& larder)
        : BusyTurns(*larder.loop_, larder.connections_, larder.core_), larder_(larder) {}
    void serve() override {
      BusyTurns::serve();
      larder_.metrics_port_.end_turn_within();
    }

   private:
    void stopped() override {
      larder_.close();
      larder_.leave();
    }
    Larder& larder_;
  };

  // What the end of the process leaves in order: files and sockets.
  void close();
  base::Result<void> listen_tls();
  persistence::Loading load();
  bool begin_journal();
  // Turns of the loop until the shutdown; between them copies of a primary are loaded.
  void serve();

  Parts parts_;
  base::SystemClock clock_;
  std::unique_ptr<net::Loop> loop_;
  process::Signals signals_;
  OrderlyShutdown shutdown_;
  Core core_;
  CrashDetails crash_details_;
  process::CrashReports crashes_;
  process::Watchdog watchdog_;
  net::Metrics net_metrics_;
  net::Tls tls_;
  net::Connections connections_;
  ScriptTurns script_turns_{*this};
  ScriptAlarm script_alarm_{core_.scripts};
  net::BudgetMetrics budget_metrics_;
  DiskWake snapshot_wake_;
  DiskWake journal_wake_;
  disk::Worker resolver_{{.name = "resolver"}};
  DiskWake resolver_wake_;
  net::Outgoing outgoing_;
  LinkPlace link_place_;
  DiskWake replica_wake_;
  net::Listeners listeners_;
  net::MetricsPort metrics_port_;
  ServerMetrics server_metrics_;
  ClientMetrics client_metrics_;
  CpuMetrics cpu_metrics_;
  LoopMetrics loop_metrics_;
  Heartbeat heartbeat_;
  LiveSettings live_settings_;
};

}  // namespace larder::server
