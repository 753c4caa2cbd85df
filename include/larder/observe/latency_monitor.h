#pragma once

// The events that took latency-monitor-threshold milliseconds or more, for LATENCY: for each kind
// of event its last 160 samples. A sample is the longest time within one second.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "larder/base/clock.h"
#include "larder/config/config.h"
#include "larder/engine/observer.h"
#include "larder/memory/audit.h"

namespace larder::observe {

using engine::kLatencyEvents;
using engine::LatencyEvent;

std::string_view name(LatencyEvent event);
std::optional<LatencyEvent> latency_event(std::string_view name);

class LatencyMonitor final : public memory::AuditedOwner {
 public:
  static constexpr std::size_t kSamples = 160;

  struct Sample {
    std::uint32_t unix_s;
    std::uint32_t ms;
  };
  // The samples of one event, the oldest first.
  class Series {
   public:
    std::size_t size() const { return size_; }
    const Sample& operator[](std::size_t i) const {
      return samples_[(next_ + kSamples - size_ + i) % kSamples];
    }
    const Sample& latest() const { return (*this)[size_ - 1]; }
    // The longest of all times.
    std::uint32_t most_ms() const { return most_ms_; }

   private:
    friend class LatencyMonitor;
    void add(std::uint32_t unix_s, std::uint32_t ms);

    std::array<Sample, kSamples> samples_;
    std::size_t next_ = 0;
    std::size_t size_ = 0;
    std::uint32_t most_ms_ = 0;
  };

  LatencyMonitor(const base::Clock& clock, const config::Integer& threshold_ms)
      : clock_(clock), threshold_ms_(threshold_ms) {}
  ~LatencyMonitor() override;
  LatencyMonitor(const LatencyMonitor&) = delete;
  LatencyMonitor& operator=(const LatencyMonitor&) = delete;

  bool enabled() const { return threshold_ms_.value() > 0; }
  std::int64_t threshold_ms() const { return threshold_ms_.value(); }
  std::int64_t unix_s() const;

  // Records the event if it took at least the threshold.
  void add(LatencyEvent event, std::int64_t us);
  // Null: there was no such event.
  const Series* series(LatencyEvent event) const {
    return series_[static_cast<std::size_t>(event)];
  }
  // False if there was nothing to remove.
  bool forget(LatencyEvent event);

  // Reports the samples to the audit: statistics.
  void report_bytes(memory::Audit& audit) const override;

 private:
  const base::Clock& clock_;
  const config::Integer& threshold_ms_;
  std::array<Series*, kLatencyEvents> series_{};
};

}  // namespace larder::observe
