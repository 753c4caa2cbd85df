#include "larder/engine/command_metrics.h"

#include <array>
#include <cstdio>

#include "larder/base/cycles.h"

namespace larder::engine {
namespace {

void add_line(std::string& lines, const BoundCommand& command) {
  const CommandStats& stats = command.stats;
  if (stats.calls == 0 && stats.rejected == 0 && stats.failed == 0) return;
  const auto us =
      static_cast<std::uint64_t>(static_cast<double>(stats.cycles) / base::cycles_per_us());
  const double each =
      stats.calls == 0 ? 0 : static_cast<double>(us) / static_cast<double>(stats.calls);
  std::array<char, 200> figures;
  std::snprintf(
      figures.data(), figures.size(),
      ":calls=%llu,usec=%llu,usec_per_call=%.2f,rejected_calls=%llu,failed_calls=%llu\r\n",
      static_cast<unsigned long long>(stats.calls), static_cast<unsigned long long>(us), each,
      static_cast<unsigned long long>(stats.rejected),
      static_cast<unsigned long long>(stats.failed));
  lines += "cmdstat_" + command.full_name() + figures.data();
}

}  // namespace

CommandMetrics::CommandMetrics(info::Reporter& reporter, CommandTable& commands, Metrics& metrics)
    : Group(reporter), commands_(commands), metrics_(metrics) {}

void CommandMetrics::refresh() {
  std::string lines;
  for (const BoundCommand* command : commands_.commands()) {
    add_line(lines, *command);
    for (const BoundCommand* child : command->children) add_line(lines, *child);
  }
  commands_lines_ = std::move(lines);
  std::string errors;
  for (const auto& [code, count] : metrics_.errors.codes()) {
    errors += "errorstat_" + code + ":count=" + std::to_string(count) + "\r\n";
  }
  error_lines_ = std::move(errors);
}

void CommandMetrics::reset() {
  commands_.reset_stats();
  metrics_.errors.clear();
}

}  // namespace larder::engine
