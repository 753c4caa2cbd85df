#pragma once

// The counters of expiry.

#include <cstdint>

#include "larder/info/info.h"
#include "larder/keyspace/keyspace.h"

namespace larder::expiry {

class Metrics : public info::Group {
 public:
  Metrics(info::Reporter& reporter, const keyspace::Keyspace& keyspace);

  // Slow cycles that ended because their time was over.
  info::Counter time_cap_reached{
      *this,
      "stats",
      "expired_time_cap_reached_count",
      {.help = "Searches for expired keys that ended because their time was over.",
       .name = "expired_time_cap_reached"}};

  // A pass has ended: it found `found` of `all` keys with a deadline expired.
  void pass_done(std::uint64_t found, std::uint64_t all);
  void spent(std::int64_t us) { cycle_us_ += us; }

  // A key of this size was moved to the graveyard.
  void deferred(std::size_t bytes);
  // Expired keys that the last complete pass did not remove because active expiry is off.
  void left(std::uint64_t keys, std::uint64_t bytes);

  // Bytes of the keys that the next field counts.
  std::uint64_t unfreed_bytes() const;

  void refresh() override;
  void reset() override;

 private:
  // The percentage of keys with a deadline that the passes found expired: an average over about the
  // last ten passes. At a random time, about half of it would be found.
  info::Text stale_percent_{*this,
                            "stats",
                            "expired_stale_perc",
                            {.help = "Share of the keys with a deadline that are expired."}};
  info::Gauge cycle_ms_{*this,
                        "stats",
                        "expire_cycle_cpu_milliseconds",
                        {.help = "Time spent searching for expired keys.",
                         .name = "expire_cycle_seconds",
                         .kind = info::MetricKind::counter,
                         .decimals = 3}};
  // Keys that a sweep has found expired and that still take memory: removed keys in the graveyard
  // and, while DEBUG SET-ACTIVE-EXPIRE is off, keys that the last complete pass did not remove. It
  // is exact, except that it can be too large if commands added keys to the graveyard in the same
  // turn. Keys that expired after the last pass are not counted.
  info::Gauge unfreed_keys_{*this,
                            "stats",
                            "expired_unfreed_keys",
                            {.help = "Keys that were found expired and still take memory."}};
  info::Gauge unfreed_bytes_{
      *this,
      "stats",
      "expired_unfreed_bytes",
      {.help = "Bytes of keys that were found expired and still take memory."}};

  const keyspace::Keyspace& keyspace_;
  double stale_share_ = 0;
  std::int64_t cycle_us_ = 0;
  // Since the graveyard was last seen empty.
  std::uint64_t deferred_keys_ = 0;
  std::uint64_t deferred_bytes_ = 0;
  std::uint64_t left_keys_ = 0;
  std::uint64_t left_bytes_ = 0;
};

}  // namespace larder::expiry
