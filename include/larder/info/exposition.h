#pragma once

// All fields in the text form that Prometheus and its kin read. Each field becomes a metric
// named larder_<field>; what INFO prints as lines of its own (db0, cmdstat_get) become families
// with a label, and words become labels of one metric for each section.

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
