#include "larder/observe/latency_monitor.h"

#include <algorithm>
#include <limits>

#include "larder/memory/heap.h"

namespace larder::observe {
namespace {

constexpr auto kOwner = memory::Owner::statistics;

constexpr std::array<std::string_view, kLatencyEvents> kNames = {
    "command",    "fast-command", "expire-cycle",     "eviction-cycle",
    "free-cycle", "aof-write",    "aof-fsync-always", "fork"};

}  // namespace

std::string_view name(LatencyEvent event) { return kNames[static_cast<std::size_t>(event)]; }

std::optional<LatencyEvent> latency_event(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<LatencyEvent>(found - kNames.begin());
}

void LatencyMonitor::Series::add(std::uint32_t unix_s, std::uint32_t ms) {
  most_ms_ = std::max(most_ms_, ms);
  if (size_ > 0 && latest().unix_s == unix_s) {
    Sample& same = samples_[(next_ + kSamples - 1) % kSamples];
    same.ms = std::max(same.ms, ms);
    return;
  }
  samples_[next_] = {unix_s, ms};
  next_ = (next_ + 1) % kSamples;
  size_ = std::min(size_ + 1, kSamples);
}

LatencyMonitor::~LatencyMonitor() {
  for (Series* series : series_) {
    if (series != nullptr) memory::destroy(kOwner, series);
  }
}

// The clock shows when the turn began; what is noted has just ended.
std::int64_t LatencyMonitor::unix_s() const {
  constexpr std::int64_t kSecondUs = 1'000'000;
  return (clock_.unix_us() + clock_.steady_now_us() - clock_.steady_us()) / kSecondUs;
}

void LatencyMonitor::add(LatencyEvent event, std::int64_t us) {
  const std::int64_t ms = us / 1000;
  if (!enabled() || ms < threshold_ms()) return;
  Series*& series = series_[static_cast<std::size_t>(event)];
  if (series == nullptr) series = memory::make<Series>(kOwner);
  constexpr std::int64_t kMostMs = std::numeric_limits<std::uint32_t>::max();
  series->add(static_cast<std::uint32_t>(unix_s()),
              static_cast<std::uint32_t>(std::min(ms, kMostMs)));
}

bool LatencyMonitor::forget(LatencyEvent event) {
  Series*& series = series_[static_cast<std::size_t>(event)];
  if (series == nullptr) return false;
  memory::destroy(kOwner, series);
  series = nullptr;
  return true;
}

void LatencyMonitor::report_bytes(memory::Audit& audit) const {
  const auto made = std::count_if(series_.begin(), series_.end(), [](Series* s) { return s; });
  audit.found(kOwner, made * static_cast<std::int64_t>(memory::size_class(sizeof(Series))));
}

}  // namespace larder::observe
