#pragma once

// What a metric needs to know of a field that INFO does not say: what it is called, whether it
// only grows, in which unit it counts, and what it means.

#include <cstdint>
#include <span>
#include <string_view>

namespace larder::info {

enum class MetricKind : std::uint8_t { as_declared, counter, gauge, hidden };

struct MetricNote {
  std::string_view field;
  std::string_view help;
  // Empty: the field's, without "total_" where it is a counter.
  std::string_view name = {};
  MetricKind kind = MetricKind::as_declared;
  // The figure counts units of ten to the power of minus this.
  int decimals = 0;
};

// Null when nothing is noted.
const MetricNote* find_note(std::string_view field);

// A figure in lines such as "cmdstat_get:calls=1,usec=2".
struct LineFigure {
  std::string_view key;
  std::string_view name;
  MetricKind kind;
  int decimals;
  std::string_view help;
};

// Lines whose name is `prefix` and then the label's value.
struct LineNote {
  std::string_view section;
  std::string_view prefix;
  std::string_view label;
  std::span<const LineFigure> figures;
  // Keys are percentiles ("p99.9") of the metric of this name.
  std::string_view percentiles_of = {};
  std::string_view percentiles_help = {};
};

std::span<const LineNote> line_notes();

}  // namespace larder::info
