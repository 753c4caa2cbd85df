#pragma once

// The graph of LATENCY GRAPH, as redis-server draws it: a title, then columns four lines high, each
// for one sample, with the age of the sample written downwards below it.

#include <cstdint>
#include <string>
#include <string_view>

#include "larder/observe/latency_monitor.h"

namespace larder::commands {

std::string draw_graph(std::string_view event, const observe::LatencyMonitor::Series& series,
                       std::int64_t now_s);

}  // namespace larder::commands
