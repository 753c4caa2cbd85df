#include <string>

#include "../container_help.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/engine/command_table.h"
#include "larder/observe/latency_monitor.h"
#include "latency_doctor.h"
#include "latency_graph.h"

namespace larder::commands {
namespace {

using namespace engine;
using namespace observe;

template <typename Fn>
void for_each_series(const LatencyMonitor& latency, Fn fn) {
  for (std::size_t i = 0; i < kLatencyEvents; ++i) {
    const auto event = static_cast<LatencyEvent>(i);
    if (const auto* series = latency.series(event)) fn(event, *series);
  }
}

const LatencyMonitor::Series* find_series(const LatencyMonitor& latency, std::string_view name) {
  const auto event = latency_event(name);
  return event ? latency.series(*event) : nullptr;
}

void latency_latest(Call& call, LatencyMonitor& latency) {
  constexpr std::uint64_t kFields = 4;
  std::uint64_t events = 0;
  for_each_series(latency, [&events](LatencyEvent, const auto&) { ++events; });
  call.reply.array(events);
  for_each_series(latency, [&call](LatencyEvent event, const LatencyMonitor::Series& series) {
    call.reply.array(kFields);
    call.reply.bulk(name(event));
    call.reply.integer(series.latest().unix_s);
    call.reply.integer(series.latest().ms);
    call.reply.integer(series.most_ms());
  });
}

void latency_history(Call& call, LatencyMonitor& latency) {
  const auto* series = find_series(latency, call.arg(2));
  const std::size_t samples = series == nullptr ? 0 : series->size();
  call.reply.array(samples);
  for (std::size_t i = 0; i < samples; ++i) {
    call.reply.array(2);
    call.reply.integer((*series)[i].unix_s);
    call.reply.integer((*series)[i].ms);
  }
}

void latency_graph(Call& call, LatencyMonitor& latency) {
  const auto* series = find_series(latency, call.arg(2));
  if (series == nullptr) {
    return call.reply.error("ERR No samples available for event '" + std::string(call.arg(2)) +
                            "'");
  }
  call.reply.verbatim("txt", draw_graph(call.arg(2), *series, latency.unix_s()));
}

void latency_doctor(Call& call, LatencyMonitor& latency, observe::Settings& settings) {
  call.reply.verbatim("txt", diagnose_latency(latency, settings));
}

void latency_reset(Call& call, LatencyMonitor& latency) {
  std::int64_t forgotten = 0;
  if (call.size() == 2) {
    for_each_series(latency, [&](LatencyEvent event, const auto&) {
      forgotten += latency.forget(event) ? 1 : 0;
    });
  }
  for (std::size_t i = 2; i < call.size(); ++i) {
    const auto event = latency_event(call.arg(i));
    if (event && latency.forget(*event)) ++forgotten;
  }
  call.reply.integer(forgotten);
}

// The upper end, in microseconds, that redis-server names the bucket of times below 2^bits ns by:
// its own buckets are 1/128 of a power of two wide.
std::int64_t bucket_us(int bits) {
  const std::int64_t end = std::int64_t{1} << bits;
  return (end + end / 128 - 1) / 1000;
}

void reply_histogram(Call& call, const std::string& name, const LatencyHistogram& latency) {
  // From 1.024 us on, in powers of two.
  constexpr int kFirstBits = 10;
  call.reply.bulk(name);
  call.reply.map(2);
  call.reply.bulk("calls");
  call.reply.integer(static_cast<std::int64_t>(latency.count()));
  call.reply.bulk("histogram_usec");
  const resp::Writer::Mark mark = call.reply.begin_map();
  std::uint64_t buckets = 0;
  std::uint64_t before = 0;
  for (int bits = kFirstBits; bits <= LatencyHistogram::kMostBits; ++bits) {
    const std::uint64_t below = latency.count_below(bits);
    if (below == before) continue;
    call.reply.integer(bucket_us(bits));
    call.reply.integer(static_cast<std::int64_t>(below));
    before = below;
    ++buckets;
  }
  call.reply.end_map(mark, buckets);
}

// The histogram of the command and those of its subcommands; returns their number.
std::uint64_t reply_histograms(Call& call, const BoundCommand& command) {
  if (command.is_counted_whole()) {
    const CommandStats stats = command.whole_stats();
    if (stats.latency.empty()) return 0;
    reply_histogram(call, command.full_name(), stats.latency);
    return 1;
  }
  std::uint64_t written = 0;
  if (!command.stats.latency.empty()) {
    reply_histogram(call, command.full_name(), command.stats.latency);
    ++written;
  }
  for (const BoundCommand* child : command.children) written += reply_histograms(call, *child);
  return written;
}

void latency_histogram(Call& call, CommandTable& commands) {
  const resp::Writer::Mark mark = call.reply.begin_map();
  std::uint64_t written = 0;
  if (call.size() == 2) {
    for (const BoundCommand* command : commands.commands()) {
      written += reply_histograms(call, *command);
    }
  }
  for (std::size_t i = 2; i < call.size(); ++i) {
    const BoundCommand* command = commands.find(call.arg(i));
    if (command != nullptr) written += reply_histograms(call, *command);
  }
  call.reply.end_map(mark, written);
}

constexpr std::uint32_t kLatencyFlags = kAdmin | kNoScript | kLoading | kStale;
constexpr std::string_view kAnyOutput =
    "nondeterministic_output request_policy:all_nodes response_policy:special";

}  // namespace

std::span<const engine::Command> server_latency() {
  static constexpr Command kCommands[] = {
      {.name = "latency",
       .family = Family::server,
       .arity = at_least(2),
       .flags = kContainer,
       .since = "2.8.13",
       .summary = "Commands about latency events.",
       .complexity = "As its subcommands"},
      {.name = "latency doctor",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kLatencyFlags,
       .only_shows = true,
       .handler = Handler::of<latency_doctor>(),
       .since = "2.8.13",
       .summary = "Returns a report of latency events, with advice.",
       .complexity = "O(1)",
       .tips = kAnyOutput},
      {.name = "latency graph",
       .family = Family::server,
       .arity = exactly(3),
       .flags = kLatencyFlags,
       .only_shows = true,
       .handler = Handler::of<latency_graph>(),
       .since = "2.8.13",
       .summary = "Draws the samples of an event.",
       .complexity = "O(1)",
       .arguments = "event:string",
       .tips = kAnyOutput},
      {.name = "latency help",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kLoading | kStale,
       .handler = Handler::of<container_help>(),
       .since = "2.8.13",
       .summary = "Lists these subcommands.",
       .complexity = "O(1)"},
      {.name = "latency histogram",
       .family = Family::server,
       .arity = at_least(2),
       .flags = kLatencyFlags,
       .only_shows = true,
       .handler = Handler::of<latency_histogram>(),
       .since = "7.0.0",
       .summary = "Returns how many calls took at most 1, 2, 4, ... microseconds, of these "
                  "commands or of all.",
       .complexity = "O(N) where N is the number of commands shown.",
       .arguments = "command:string?*",
       .tips = kAnyOutput},
      {.name = "latency history",
       .family = Family::server,
       .arity = exactly(3),
       .flags = kLatencyFlags,
       .only_shows = true,
       .handler = Handler::of<latency_history>(),
       .since = "2.8.13",
       .summary = "Lists the samples of an event: unix time and milliseconds.",
       .complexity = "O(1)",
       .arguments = "event:string",
       .tips = kAnyOutput},
      {.name = "latency latest",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kLatencyFlags,
       .only_shows = true,
       .handler = Handler::of<latency_latest>(),
       .since = "2.8.13",
       .summary = "Shows for each event its latest sample and the longest of all.",
       .complexity = "O(1)",
       .tips = kAnyOutput},
      {.name = "latency reset",
       .family = Family::server,
       .arity = at_least(2),
       .flags = kLatencyFlags,
       .handler = Handler::of<latency_reset>(),
       .since = "2.8.13",
       .summary = "Removes the samples of these events, or of all.",
       .complexity = "O(1)",
       .arguments = "event:string?*",
       .tips = "request_policy:all_nodes response_policy:all_succeeded"},
  };
  return kCommands;
}

}  // namespace larder::commands
