#pragma once

// LATENCY DOCTOR: what the samples of the latency monitor say, in words for people.

#include <string>

#include "larder/engine/latency_monitor.h"
#include "larder/engine/settings.h"

namespace larder::commands {

std::string diagnose_latency(const engine::LatencyMonitor& latency,
                             const engine::Settings& settings);

}  // namespace larder::commands
