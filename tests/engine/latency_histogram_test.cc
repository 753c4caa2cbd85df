#include "larder/engine/latency_histogram.h"

#include <gtest/gtest.h>

namespace larder::engine {
namespace {

TEST(LatencyHistogram, IsAccurateWithinThreePercent) {
  LatencyHistogram times;
  for (std::uint64_t ns = 1; ns <= 100'000; ++ns) times.record(ns, 1);
  EXPECT_EQ(times.count(), 100'000u);
  for (const double percent : {1.0, 50.0, 99.0, 99.9, 100.0}) {
    const auto exact = percent * 1000;
    EXPECT_GE(static_cast<double>(times.at_percentile(percent)), exact);
    EXPECT_LE(static_cast<double>(times.at_percentile(percent)), exact * 1.032);
  }
}

TEST(LatencyHistogram, CountsExactlyBelowPowersOfTwo) {
  LatencyHistogram times;
  for (const std::uint64_t ns : {0u, 31u, 32u, 1023u, 1024u, 2047u}) times.record(ns, 2);
  EXPECT_EQ(times.count_below(5), 4u);
  EXPECT_EQ(times.count_below(6), 6u);
  EXPECT_EQ(times.count_below(10), 8u);
  EXPECT_EQ(times.count_below(11), 12u);
}

TEST(LatencyHistogram, ClampsLongerTimesToTheLongest) {
  LatencyHistogram times;
  times.record(~std::uint64_t{0}, 1);
  EXPECT_EQ(times.count(), 1u);
  EXPECT_EQ(times.at_percentile(50), LatencyHistogram::kMostNs);
}

TEST(LatencyHistogram, HoldsTheBytesThatAreCharged) {
  const std::int64_t before = memory::balance(memory::Owner::statistics);
  LatencyHistogram times;
  EXPECT_EQ(times.held_bytes(), 0u);
  times.record(5, 1);
  times.record(5'000'000, 1);
  EXPECT_EQ(memory::balance(memory::Owner::statistics) - before,
            static_cast<std::int64_t>(times.held_bytes()));
  times.clear();
  EXPECT_EQ(memory::balance(memory::Owner::statistics), before);
}

}  // namespace
}  // namespace larder::engine
