#pragma once

// LATENCY DOCTOR: a readable report about the samples of the latency monitor.

#include <string>

#include "larder/observe/latency_monitor.h"
#include "larder/observe/settings.h"

namespace larder::commands {

std::string diagnose_latency(const observe::LatencyMonitor& latency,
                             const observe::Settings& settings);

}  // namespace larder::commands
