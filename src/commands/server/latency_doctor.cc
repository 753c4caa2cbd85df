#include "latency_doctor.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "larder/base/format.h"

namespace larder::commands {
namespace {

using engine::LatencyEvent;
using observe::LatencyMonitor;

struct Summary {
  double mean_ms = 0;
  double deviation_ms = 0;  // from the mean, on average
  double apart_s = 0;       // one sample from the next, on average
};

Summary summarize(const LatencyMonitor::Series& series) {
  Summary found;
  const auto count = static_cast<double>(series.size());
  for (std::size_t i = 0; i < series.size(); ++i) found.mean_ms += series[i].ms / count;
  for (std::size_t i = 0; i < series.size(); ++i) {
    const double ms = series[i].ms;
    found.deviation_ms += (ms > found.mean_ms ? ms - found.mean_ms : found.mean_ms - ms) / count;
  }
  const double whole_s = series.latest().unix_s - series[0].unix_s;
  if (series.size() > 1) found.apart_s = whole_s / (count - 1);
  return found;
}

std::string decimal(double value) { return base::printed("%.1f", value); }

std::string describe(LatencyEvent event, const LatencyMonitor::Series& series) {
  const Summary found = summarize(series);
  std::string line = " - " + std::string(observe::name(event)) + ": " +
                     std::to_string(series.size()) + (series.size() == 1 ? " sample" : " samples") +
                     ", " + decimal(found.mean_ms) + " ms on average (+-" +
                     decimal(found.deviation_ms) + "), " + std::to_string(series.most_ms()) +
                     " ms at most";
  if (series.size() > 1) line += ", one every " + decimal(found.apart_s) + " s";
  return line + ".\n";
}

std::string_view advice(LatencyEvent event) {
  switch (event) {
    case LatencyEvent::command:
      return "Commands that visit many elements hold up all others: SLOWLOG GET names them. Ask "
             "for less at a time (SCAN and its siblings, ranges with a limit), or keep values "
             "smaller.";
    case LatencyEvent::fast_command:
      return "Commands that do little took long: either they got very many arguments or large "
             "values, which SLOWLOG GET and COMMANDLOG GET show, or the system gave the process "
             "no time. Look for swapping, other processes on the processor, and a virtual machine "
             "that is short of it.";
    case LatencyEvent::expire_cycle:
      return "Very many keys expire at the same time. Spread their deadlines; "
             "active-expire-effort bounds the work.";
    case LatencyEvent::eviction_cycle:
      return "Making room below maxmemory takes long. Lower maxmemory-eviction-tenacity, which "
             "bounds it, or raise maxmemory; INFO stats shows how many keys are evicted.";
    case LatencyEvent::aof_write:
    case LatencyEvent::aof_fsync_always:
      return "The disk is slow to take the append-only file. Commands do not wait for it, but with "
             "appendfsync always their replies do, and writers wait while the ring of 8 MB is "
             "full. "
             "Look for other programs that use the disk, or use appendfsync everysec.";
    case LatencyEvent::fork:
      return "The server stands still while the system copies its page tables for a child process. "
             "snapshot-method steps needs no child.";
    case LatencyEvent::free_cycle:
      break;
  }
  return "Freeing what was removed took long in one step. The allocator may be giving pages back "
         "to the system; try jemalloc-bg-thread.";
}

std::string disabled() {
  return "The latency monitor is off. CONFIG SET latency-monitor-threshold 100, for example, notes "
         "all that takes 100 milliseconds or more from then on; ask again when it has run for a "
         "while.\n";
}

}  // namespace

std::string diagnose_latency(const LatencyMonitor& latency, const observe::Settings& settings) {
  if (!latency.enabled()) return disabled();
  std::string events;
  std::string advices;
  for (std::size_t i = 0; i < engine::kLatencyEvents; ++i) {
    const auto event = static_cast<LatencyEvent>(i);
    const LatencyMonitor::Series* series = latency.series(event);
    if (series == nullptr) continue;
    events += describe(event, *series);
    advices += " * " + std::string(advice(event)) + "\n";
  }
  const std::string threshold = std::to_string(latency.threshold_ms()) + " ms";
  if (events.empty()) {
    return "No latency problems found: nothing has taken " + threshold + " or more.\n";
  }
  const std::int64_t slower_us = settings.slowlog_log_slower_than.value();
  if (slower_us < 0 || settings.slowlog_max_len.value() == 0) {
    advices +=
        " * The slow log is off, so nothing tells which commands were slow: see "
        "slowlog-log-slower-than and slowlog-max-len.\n";
  } else if (slower_us / 1000 > latency.threshold_ms()) {
    advices += " * The slow log begins at " + std::to_string(slower_us) +
               " us, above the threshold of the monitor: lower slowlog-log-slower-than to see the "
               "commands behind these events.\n";
  }
  return "These took " + threshold + " or more:\n" + events + "What may help:\n" + advices;
}

}  // namespace larder::commands
