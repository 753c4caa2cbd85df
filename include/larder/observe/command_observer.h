#pragma once

// Records commands as configured: the logs of slow and large commands and the events of the latency
// monitor. The histograms of their times are in the command table.

#include <cstdint>

#include "larder/base/clock.h"
#include "larder/engine/observer.h"
#include "larder/observe/command_log.h"
#include "larder/observe/latency_monitor.h"
#include "larder/observe/settings.h"

namespace larder::observe {

class CommandObserver : public engine::Observer {
 public:
  // Applies the current settings and watches them from then on.
  CommandObserver(const base::Clock& clock, Settings& settings);

  CommandLog log;
  LatencyMonitor latency;

  // If several commands together took longer than the limit, it is unknown which one was slow:
  // their mean is compared, and for a second each command is timed individually.
  void slow(const engine::LoggedCommand& ran, std::uint64_t cycles, std::uint64_t calls) override;
  void sizes(const engine::LoggedCommand& ran, std::uint64_t reply_bytes) override;
  // Called a few times a second: ends that second.
  void run_periodic();

 private:
  void worked(engine::LatencyEvent event, std::uint64_t cycles) override;
  void watch_settings();
  void apply_settings();
  void note(LogKind kind, const engine::LoggedCommand& ran, std::int64_t value);
  const config::Integer& most(LogKind kind) const;

  const base::Clock& clock_;
  Settings& settings_;
  std::int64_t suspicious_until_ms_ = 0;  // steady clock
};

}  // namespace larder::observe
