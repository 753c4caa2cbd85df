#pragma once

// The counters of eviction.

#include <cstdint>

#include "larder/base/clock.h"
#include "larder/eviction/settings.h"
#include "larder/info/info.h"

namespace larder::eviction {

class Metrics : public info::Group {
 public:
  Metrics(info::Reporter& reporter, const Settings& settings, const base::Clock& clock);

  info::Counter evicted_keys{
      *this, "stats", "evicted_keys", {.help = "Keys removed because memory ran out."}};
  info::Counter evicted_keys_for_pages{
      *this,
      "stats",
      "evicted_keys_for_pages",
      {.help = "Of those, keys removed because pages ran out, while their bytes had room."}};

  // Memory is over the limit, or is not any more; repeated calls are cheap.
  void over_limit() {
    if (over_since_us_ == kNever) over_since_us_ = clock_.steady_us();
  }
  void under_limit() {
    if (__builtin_expect(is_over(), 0)) end_excess();
  }
  bool is_over() const { return over_since_us_ != kNever; }

  void refresh() override;
  void reset() override;

 private:
  static constexpr std::int64_t kNever = -1;

  void end_excess();

  // Milliseconds spent over the limit, since the start and since memory last exceeded it.
  info::Gauge total_exceeded_{*this,
                              "stats",
                              "total_eviction_exceeded_time",
                              {.help = "Total time with memory above the limit.",
                               .name = "eviction_exceeded_seconds",
                               .kind = info::MetricKind::counter,
                               .decimals = 3}};
  info::Gauge current_exceeded_{*this,
                                "stats",
                                "current_eviction_exceeded_time",
                                {.help = "Time since memory exceeded the limit.",
                                 .name = "current_eviction_exceeded_seconds",
                                 .decimals = 3}};
  info::Gauge maxmemory_{*this,
                         "memory",
                         "maxmemory",
                         {.help = "The limit of memory; 0 means none.", .name = "maxmemory_bytes"}};
  info::Text maxmemory_human_{*this, "memory", "maxmemory_human"};
  info::Gauge not_counted_{
      *this,
      "memory",
      "mem_not_counted_for_evict",
      {.help = "Bytes that the limit does not count.", .name = "mem_not_counted_for_evict_bytes"}};
  info::Text policy_{*this, "memory", "maxmemory_policy"};

  const Settings& settings_;
  const base::Clock& clock_;
  std::int64_t over_since_us_ = kNever;
  std::int64_t ended_excess_us_ = 0;
};

}  // namespace larder::eviction
