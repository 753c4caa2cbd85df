#pragma once

// LATENCY DOCTOR: what the samples of the latency monitor say, in words for people.

#include <string>

#include "larder/observe/latency_monitor.h"
#include "larder/observe/settings.h"

namespace larder::commands {

std::string diagnose_latency(const observe::LatencyMonitor& latency,
                             const observe::Settings& settings);

}  // namespace larder::commands
