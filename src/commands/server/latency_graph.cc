#include "latency_graph.h"

#include <algorithm>
#include <vector>

namespace larder::commands {
namespace {

using Series = observe::LatencyMonitor::Series;

constexpr std::size_t kColumns = 80;
constexpr int kLines = 4;
// The characters of a line of a column that is filled by a third, two thirds or completely.
constexpr std::string_view kParts = "_o#";
constexpr int kSteps = kLines * static_cast<int>(kParts.size());

std::string age(std::int64_t seconds) {
  constexpr std::int64_t kMinute = 60;
  constexpr std::int64_t kHour = 60 * kMinute;
  constexpr std::int64_t kDay = 24 * kHour;
  if (seconds < kMinute) return std::to_string(seconds) + "s";
  if (seconds < kHour) return std::to_string(seconds / kMinute) + "m";
  if (seconds < kDay) return std::to_string(seconds / kHour) + "h";
  return std::to_string(seconds / kDay) + "d";
}

struct Column {
  int step;  // how high, 0 to kSteps - 1
  std::string label;
};

// The character of the column in the given line above the lowest one.
char part(const Column& column, int lines_below) {
  const int above = column.step - lines_below * static_cast<int>(kParts.size());
  if (above < 0) return ' ';
  if (above >= static_cast<int>(kParts.size())) return '|';
  return kParts[static_cast<std::size_t>(above)];
}

void draw_band(const std::vector<Column>& columns, std::string& out) {
  for (int line = kLines - 1; line >= 0; --line) {
    for (const Column& column : columns) out += part(column, line);
    out += '\n';
  }
  out.append(columns.size(), ' ');
  out += '\n';
  std::size_t longest = 0;
  for (const Column& column : columns) longest = std::max(longest, column.label.size());
  for (std::size_t i = 0; i < longest; ++i) {
    for (const Column& column : columns) out += i < column.label.size() ? column.label[i] : ' ';
    out += '\n';
  }
}

}  // namespace

std::string draw_graph(std::string_view event, const Series& series, std::int64_t now_s) {
  std::uint32_t low = series[0].ms;
  std::uint32_t high = low;
  for (std::size_t i = 1; i < series.size(); ++i) {
    low = std::min(low, series[i].ms);
    high = std::max(high, series[i].ms);
  }
  std::string out = std::string(event) + " - high " + std::to_string(high) + " ms, low " +
                    std::to_string(low) + " ms (all time high " + std::to_string(series.most_ms()) +
                    " ms)\n";
  out.append(kColumns, '-');
  out += '\n';
  const std::uint64_t span = std::max<std::uint64_t>(high - low, 1);
  for (std::size_t first = 0; first < series.size(); first += kColumns) {
    if (first != 0) out += '\n';
    std::vector<Column> columns;
    for (std::size_t i = first; i < std::min(first + kColumns, series.size()); ++i) {
      const auto step = static_cast<int>(std::uint64_t{series[i].ms - low} * kSteps / span);
      columns.push_back({std::min(step, kSteps - 1), age(now_s - series[i].unix_s)});
    }
    draw_band(columns, out);
  }
  return out;
}

}  // namespace larder::commands
