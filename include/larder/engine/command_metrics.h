#pragma once

// INFO's sections commandstats, errorstats and latencystats, and their reset by CONFIG RESETSTAT.

#include "larder/engine/command_table.h"
#include "larder/engine/metrics.h"
#include "larder/engine/settings.h"
#include "larder/info/info.h"

namespace larder::engine {

class CommandMetrics final : public info::Group {
 public:
  CommandMetrics(info::Reporter& reporter, CommandTable& commands, Metrics& metrics,
                 const Settings& settings);

  // Walks all commands.
  void refresh() override;
  void reset() override;

 private:
  std::string latency_lines() const;

  CommandTable& commands_;
  Metrics& metrics_;
  const Settings& settings_;

  info::Lines commands_lines_{*this, "commandstats"};
  info::Lines error_lines_{*this, "errorstats"};
  info::Lines latency_lines_{*this, "latencystats"};
};

}  // namespace larder::engine
