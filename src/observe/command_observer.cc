#include "larder/observe/command_observer.h"

#include <algorithm>

#include "larder/base/cycles.h"
#include "larder/engine/command_table.h"
#include "larder/resp/request_text.h"

namespace larder::observe {
namespace {

// Limit of the time of small commands that are timed together: a batch takes about ten
// microseconds.
constexpr std::int64_t kTogetherUs = 1000;
constexpr std::int64_t kSuspicionMs = 1000;

}  // namespace

CommandObserver::CommandObserver(const base::Clock& clock, Settings& settings)
    : latency(clock, settings.latency_monitor_threshold), clock_(clock), settings_(settings) {
  watch_settings();
  apply_settings();
}

void CommandObserver::watch_settings() {
  const auto apply = [this] {
    apply_settings();
    return base::Result<void>();
  };
  settings_.slowlog_log_slower_than.watch(apply);
  settings_.slowlog_max_len.watch(apply);
  settings_.commandlog_request_larger_than.watch(apply);
  settings_.commandlog_large_request_max_len.watch(apply);
  settings_.commandlog_reply_larger_than.watch(apply);
  settings_.commandlog_large_reply_max_len.watch(apply);
  settings_.latency_monitor_threshold.watch(apply);
  settings_.latency_tracking.watch(apply);
}

const config::Integer& CommandObserver::most(LogKind kind) const {
  switch (kind) {
    case LogKind::slow:
      return settings_.slowlog_max_len;
    case LogKind::large_request:
      return settings_.commandlog_large_request_max_len;
    case LogKind::large_reply:
      break;
  }
  return settings_.commandlog_large_reply_max_len;
}

void CommandObserver::apply_settings() {
  for (const LogKind kind : {LogKind::slow, LogKind::large_request, LogKind::large_reply}) {
    log.trim(kind, static_cast<std::size_t>(most(kind).value()));
  }
  const auto limit = [this](LogKind kind, const config::Integer& threshold) {
    if (threshold.value() < 0 || most(kind).value() == 0) return kNever;
    return static_cast<std::uint64_t>(threshold.value());
  };
  std::uint64_t slow_us = limit(LogKind::slow, settings_.slowlog_log_slower_than);
  if (latency.enabled()) {
    const auto threshold_ms = static_cast<std::uint64_t>(latency.threshold_ms());
    slow_us = std::min(slow_us, threshold_ms > kNever / 1000 ? kNever : threshold_ms * 1000);
  }
  const double cycles = static_cast<double>(slow_us) * base::cycles_per_us();
  compare_with({
      .slow_cycles = cycles >= 1e18 ? kNever : static_cast<std::uint64_t>(cycles),
      .large_request = limit(LogKind::large_request, settings_.commandlog_request_larger_than),
      .large_reply = limit(LogKind::large_reply, settings_.commandlog_reply_larger_than),
      .tracks = settings_.latency_tracking.value(),
      .times_each = slow_us < kTogetherUs || clock_.steady_ms() < suspicious_until_ms_,
      .times_work = latency.enabled(),
  });
}

void CommandObserver::run_periodic() {
  if (times_each() && suspicious_until_ms_ != 0) apply_settings();
}

void CommandObserver::slow(const engine::LoggedCommand& ran, std::uint64_t cycles,
                           std::uint64_t calls) {
  if (calls > 1) {
    suspicious_until_ms_ = clock_.steady_ms() + kSuspicionMs;
    time_each();
    cycles /= calls;
  }
  const auto us = static_cast<std::int64_t>(nanoseconds(cycles) / 1000);
  const engine::Command& row = *ran.command.row;
  latency.add(row.has(engine::kFast) ? LatencyEvent::fast_command : LatencyEvent::command, us);
  const std::int64_t threshold = settings_.slowlog_log_slower_than.value();
  if (threshold >= 0 && us >= threshold) note(LogKind::slow, ran, us);
}

void CommandObserver::sizes(const engine::LoggedCommand& ran, std::uint64_t reply_bytes) {
  const std::uint64_t request =
      ran.request_bytes != 0 ? ran.request_bytes : resp::request_bytes(ran.words);
  if (request >= limits().large_request) {
    note(LogKind::large_request, ran, static_cast<std::int64_t>(request));
  }
  if (reply_bytes >= limits().large_reply) {
    note(LogKind::large_reply, ran, static_cast<std::int64_t>(reply_bytes));
  }
}

void CommandObserver::worked(LatencyEvent event, std::uint64_t cycles) {
  latency.add(event,
              static_cast<std::int64_t>(static_cast<double>(cycles) / base::cycles_per_us()));
}

void CommandObserver::note(LogKind kind, const engine::LoggedCommand& ran, std::int64_t value) {
  const auto longest = static_cast<std::size_t>(most(kind).value());
  if (longest == 0 || ran.command.row->has(engine::kSkipSlowlog)) return;
  log.add(kind, ran, value, latency.unix_s(), longest);
}

}  // namespace larder::observe
