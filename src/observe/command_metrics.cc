#include "larder/observe/command_metrics.h"

#include <algorithm>

#include "larder/base/cycles.h"
#include "larder/base/format.h"

namespace larder::observe {
namespace {

void add_line(std::string& lines, const std::string& name, const engine::CommandStats& stats) {
  if (stats.calls == 0 && stats.rejected == 0 && stats.failed == 0) return;
  const auto us =
      static_cast<std::uint64_t>(static_cast<double>(stats.cycles) / base::cycles_per_us());
  const double each =
      stats.calls == 0 ? 0 : static_cast<double>(us) / static_cast<double>(stats.calls);
  lines += "cmdstat_" + name;
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

void add_latency_line(std::string& lines, const std::string& name,
                      const engine::LatencyHistogram& latency,
                      const std::vector<double>& percentiles) {
  if (latency.empty()) return;
  lines += "latency_percentiles_usec_" + name + ":";
  const char* separator = "";
  for (const double percent : percentiles) {
    lines += separator + ("p" + percentile_name(percent));
    base::append_print(lines, "=%.3f", static_cast<double>(latency.at_percentile(percent)) / 1000);
    separator = ",";
  }
  lines += "\r\n";
}

// Each command and subcommand that has its own counters.
template <typename Visit>
void for_each_counted(const engine::CommandTable& commands, Visit visit) {
  for (const engine::BoundCommand* command : commands.commands()) {
    if (command->is_counted_whole()) {
      visit(command->full_name(), command->whole_stats());
      continue;
    }
    visit(command->full_name(), command->stats);
    for (const engine::BoundCommand* child : command->children)
      visit(child->full_name(), child->stats);
  }
}

}  // namespace

CommandMetrics::CommandMetrics(info::Reporter& reporter, engine::CommandTable& commands,
                               engine::Metrics& metrics, const Settings& settings)
    : Group(reporter), commands_(commands), metrics_(metrics), settings_(settings) {}

void CommandMetrics::refresh() {
  std::string lines;
  for_each_counted(commands_, [&lines](const std::string& name, const engine::CommandStats& stats) {
    add_line(lines, name, stats);
  });
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
  for_each_counted(commands_, [&](const std::string& name, const engine::CommandStats& stats) {
    add_latency_line(lines, name, stats.latency, percentiles);
  });
  return lines;
}

void CommandMetrics::reset() {
  commands_.reset_stats();
  metrics_.errors.clear();
}

}  // namespace larder::observe
