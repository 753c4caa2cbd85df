#include "larder/engine/command_metrics.h"

#include <algorithm>

#include "larder/base/cycles.h"
#include "larder/base/format.h"

namespace larder::engine {
namespace {

void add_line(std::string& lines, const BoundCommand& command) {
  const CommandStats& stats = command.stats;
  if (stats.calls == 0 && stats.rejected == 0 && stats.failed == 0) return;
  const auto us =
      static_cast<std::uint64_t>(static_cast<double>(stats.cycles) / base::cycles_per_us());
  const double each =
      stats.calls == 0 ? 0 : static_cast<double>(us) / static_cast<double>(stats.calls);
  lines += "cmdstat_" + command.full_name();
  base::append_print(
      lines, ":calls=%llu,usec=%llu,usec_per_call=%.2f,rejected_calls=%llu,failed_calls=%llu\r\n",
      static_cast<unsigned long long>(stats.calls), static_cast<unsigned long long>(us), each,
      static_cast<unsigned long long>(stats.rejected),
      static_cast<unsigned long long>(stats.failed));
}

// Six fractional digits without the zeros at their end.
std::string percentile_name(double percent) {
  std::string name = base::printed("%f", percent);
  name.erase(name.find_last_not_of('0') + 1);
  if (name.back() == '.') name.pop_back();
  return name;
}

void add_latency_line(std::string& lines, const BoundCommand& command,
                      const std::vector<double>& percentiles) {
  const LatencyHistogram& latency = command.stats.latency;
  if (latency.empty()) return;
  lines += "latency_percentiles_usec_" + command.full_name() + ":";
  const char* separator = "";
  for (const double percent : percentiles) {
    lines += separator + ("p" + percentile_name(percent));
    base::append_print(lines, "=%.3f", static_cast<double>(latency.at_percentile(percent)) / 1000);
    separator = ",";
  }
  lines += "\r\n";
}

}  // namespace

CommandMetrics::CommandMetrics(info::Reporter& reporter, CommandTable& commands, Metrics& metrics,
                               const Settings& settings)
    : Group(reporter), commands_(commands), metrics_(metrics), settings_(settings) {}

void CommandMetrics::refresh() {
  std::string lines;
  for (const BoundCommand* command : commands_.commands()) {
    add_line(lines, *command);
    for (const BoundCommand* child : command->children) add_line(lines, *child);
  }
  commands_lines_ = std::move(lines);
  latency_lines_ = latency_lines();
  std::string errors;
  auto codes = metrics_.errors.codes();
  std::sort(codes.begin(), codes.end());
  for (const auto& [code, count] : codes) {
    errors += "errorstat_" + code + ":count=" + std::to_string(count) + "\r\n";
  }
  error_lines_ = std::move(errors);
}

std::string CommandMetrics::latency_lines() const {
  std::string lines;
  if (!settings_.latency_tracking.value()) return lines;
  const auto& percentiles = settings_.latency_tracking_info_percentiles.value();
  for (const BoundCommand* command : commands_.commands()) {
    add_latency_line(lines, *command, percentiles);
    for (const BoundCommand* child : command->children) {
      add_latency_line(lines, *child, percentiles);
    }
  }
  return lines;
}

void CommandMetrics::reset() {
  commands_.reset_stats();
  metrics_.errors.clear();
}

}  // namespace larder::engine
