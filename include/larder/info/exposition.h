#pragma once

// All fields in the text format that Prometheus reads. Each field becomes a metric named
// larder_<field>. Lines of INFO with several values (db0, cmdstat_get) become families with a
// label, and text fields become labels of one metric for each section.

#include <string>
#include <string_view>

#include "larder/info/info.h"

namespace larder::info {

enum class Exposition {
  open_metrics,  // OpenMetrics 1.0
  prometheus,    // the older form, 0.0.4
};

// For the Content-Type header.
std::string_view content_type(Exposition form);

// Cost: that of INFO everything, and about as much again.
std::string expose(Reporter& reporter, Exposition form);

}  // namespace larder::info
