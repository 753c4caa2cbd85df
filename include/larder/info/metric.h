#pragma once

// What the metrics page shows for a field of INFO; part of the declaration of the field, in the
// room that counts it.

#include <cstdint>
#include <span>
#include <string_view>

namespace larder::info {

// Text that is a number is declared a gauge.
enum class MetricKind : std::uint8_t { as_declared, counter, hidden };

struct Metric {
  std::string_view help = {};
  // Empty: the field's, without "total_" where it is a counter.
  std::string_view name = {};
  MetricKind kind = MetricKind::as_declared;
  // The figure counts units of ten to the power of minus this.
  int decimals = 0;
};

// A figure in lines such as "cmdstat_get:calls=1,usec=2".
struct LineFigure {
  std::string_view key;
  Metric metric;
};

// Lines whose name is `prefix` and then the label's value.
struct LineMetrics {
  std::string_view prefix;
  std::string_view label;
  std::span<const LineFigure> figures;
  // Set: keys are percentiles ("p99.9") in microseconds of this metric, in seconds.
  Metric percentiles = {};
};

}  // namespace larder::info
