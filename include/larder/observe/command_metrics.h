#pragma once

// INFO's sections commandstats, errorstats and latencystats, and their reset by CONFIG RESETSTAT.

#include "larder/engine/command_table.h"
#include "larder/engine/metrics.h"
#include "larder/info/info.h"
#include "larder/observe/settings.h"

namespace larder::observe {

class CommandMetrics final : public info::Group {
 public:
  CommandMetrics(info::Reporter& reporter, engine::CommandTable& commands, engine::Metrics& metrics,
                 const Settings& settings);

  // Walks all commands.
  void refresh() override;
  void reset() override;

 private:
  std::string latency_lines() const;

  engine::CommandTable& commands_;
  engine::Metrics& metrics_;
  const Settings& settings_;

  static constexpr info::MetricKind kCounter = info::MetricKind::counter;
  static constexpr info::LineFigure kCommandFigures[] = {
      {"calls", {.help = "Calls of a command.", .name = "commands", .kind = kCounter}},
      {"usec",
       {.help = "Time spent in a command.",
        .name = "commands_duration_seconds",
        .kind = kCounter,
        .decimals = 6}},
      {"rejected_calls",
       {.help = "Calls of a command refused before it ran.",
        .name = "commands_rejected_calls",
        .kind = kCounter}},
      {"failed_calls",
       {.help = "Calls of a command that failed.",
        .name = "commands_failed_calls",
        .kind = kCounter}},
  };
  static constexpr info::LineFigure kErrorFigures[] = {
      {"count",
       {.help = "Error replies, by the first word of their text.",
        .name = "errors",
        .kind = kCounter}},
  };
  static constexpr info::LineMetrics kCommands{"cmdstat_", "cmd", kCommandFigures};
  static constexpr info::LineMetrics kErrors{"errorstat_", "code", kErrorFigures};
  static constexpr info::LineMetrics kLatency{
      .prefix = "latency_percentiles_usec_",
      .label = "cmd",
      .figures = {},
      .percentiles = {.help = "Duration of the calls of a command.",
                      .name = "command_latency_seconds"}};

  info::Lines commands_lines_{*this, "commandstats", &kCommands};
  info::Lines error_lines_{*this, "errorstats", &kErrors};
  info::Lines latency_lines_{*this, "latencystats", &kLatency};
};

}  // namespace larder::observe
