#pragma once

// Keeps what the directives ask for of the commands that ran: the logs of slow and large commands
// and the events of the latency monitor. Their distributions of times are in the command table.

#include <cstdint>

#include "larder/base/clock.h"
#include "larder/engine/observer.h"
#include "larder/observe/command_log.h"
#include "larder/observe/latency_monitor.h"
#include "larder/observe/settings.h"

namespace larder::observe {

class CommandObserver : public engine::Observer {
 public:
  // Obeys the settings as they stand and watches them from here on.
  CommandObserver(const base::Clock& clock, Settings& settings);

  CommandLog log;
  LatencyMonitor latency;

  // When several together took so long as one alone may not, nobody knows which it was: their mean
  // is what counts, and for a second each is timed by itself.
  void slow(const engine::LoggedCommand& ran, std::uint64_t cycles, std::uint64_t calls) override;
  void sizes(const engine::LoggedCommand& ran, std::uint64_t reply_bytes) override;
  // Called a few times a second: ends that second.
  void tend();

 private:
  void worked(engine::LatencyEvent event, std::uint64_t cycles) override;
  void watch_settings();
  void obey();
  void note(LogKind kind, const engine::LoggedCommand& ran, std::int64_t value);
  const config::Integer& most(LogKind kind) const;

  const base::Clock& clock_;
  Settings& settings_;
  std::int64_t suspicious_until_ms_ = 0;  // steady clock
};

}  // namespace larder::observe
