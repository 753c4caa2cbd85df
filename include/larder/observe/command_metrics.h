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

  info::Lines commands_lines_{*this, "commandstats"};
  info::Lines error_lines_{*this, "errorstats"};
  info::Lines latency_lines_{*this, "latencystats"};
};

}  // namespace larder::observe
