#pragma once

// INFO's sections commandstats and errorstats, and the reset of both by CONFIG RESETSTAT.

#include "larder/engine/command_table.h"
#include "larder/engine/metrics.h"
#include "larder/info/info.h"

namespace larder::engine {

class CommandMetrics final : public info::Group {
 public:
  CommandMetrics(info::Reporter& reporter, CommandTable& commands, Metrics& metrics);

  // Walks all commands.
  void refresh() override;
  void reset() override;

 private:
  CommandTable& commands_;
  Metrics& metrics_;

  info::Lines commands_lines_{*this, "commandstats"};
  info::Lines error_lines_{*this, "errorstats"};
};

}  // namespace larder::engine
