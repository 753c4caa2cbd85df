// A short replay of each trace, with the same thresholds as the long one (bench/eviction).

#include <gtest/gtest.h>

#include "bench/eviction/replay.h"

namespace larder::bench {
namespace {

constexpr std::uint32_t kKeys = 20'000;

class Quality : public testing::TestWithParam<int> {
 protected:
  std::uint64_t limit() const {
    static const std::uint64_t footprint = larder_footprint(kKeys);
    return footprint * static_cast<std::uint64_t>(GetParam()) / 100;
  }
};

TEST_P(Quality, LruStaysWithinAPointOfExactLruWithAsManyKeys) {
  for (const Trace& trace : all_traces(kKeys, kKeys * std::size_t{8})) {
    const Outcome larder = replay_larder(trace, "allkeys-lru", limit());
    const auto keys = static_cast<std::size_t>(larder.average_keys + 0.5);
    const Outcome exact = replay_exact_lru(trace, keys);
    EXPECT_GT(larder.hit_ratio, exact.hit_ratio - 0.01) << trace.name << " " << GetParam() << " %";
  }
}

TEST_P(Quality, LfuBeatsLruOnAFixedDistribution) {
  const Trace trace = zipf(kKeys, kKeys * std::size_t{8}, 0.8);
  EXPECT_GT(replay_larder(trace, "allkeys-lfu", limit()).hit_ratio,
            replay_larder(trace, "allkeys-lru", limit()).hit_ratio);
}

INSTANTIATE_TEST_SUITE_P(PercentOfTheFootprint, Quality, testing::Values(5, 10, 20, 40));

}  // namespace
}  // namespace larder::bench
