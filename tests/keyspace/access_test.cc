#include "larder/keyspace/access.h"

#include <gtest/gtest.h>

#include "larder/base/rng.h"

namespace larder::keyspace {
namespace {

constexpr std::int64_t kNow = 1'700'000'000'000;
constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

TEST(LruStamp, MeasuresIdleTimeToFourMilliseconds) {
  for (const std::int64_t idle : {0, 4, 8, 1000, 123'456, 7'000'000}) {
    for (std::int64_t offset = 0; offset < 8; ++offset) {
      const std::int64_t measured = LruStamp::now(kNow + offset).idle_ms(kNow + offset + idle);
      ASSERT_LE(std::abs(measured - idle), 3);
    }
  }
}

TEST(LruStamp, IsCorrectAcrossTheWrapOfTheFineClock) {
  const std::int64_t just_before = (kNow / LruStamp::kWrapMs + 1) * LruStamp::kWrapMs - 100;
  const LruStamp stamp = LruStamp::now(just_before);
  EXPECT_EQ(stamp.idle_ms(just_before + 5000), 5000);
  EXPECT_GT(LruStamp::now(just_before).bits(), LruStamp::now(just_before + 5000).bits());
}

TEST(LruStamp, IsCorrectAcrossTheWrapOfTheCoarseClock) {
  constexpr std::int64_t kCoarseWrapMs = std::int64_t{4096} << 23;
  const std::int64_t just_before = (kNow / kCoarseWrapMs + 1) * kCoarseWrapMs - 10 * 4096;
  const LruStamp stamp = LruStamp::idle_since(just_before, kDay);
  EXPECT_NEAR(static_cast<double>(stamp.idle_ms(just_before + kDay)), 48.0 * kHour, 4096.0);
}

TEST(LruStamp, StaysFineWhileYoung) {
  const LruStamp stamp = LruStamp::now(kNow);
  EXPECT_EQ(stamp.aged(kNow + LruStamp::kFineMs - 4).bits(), stamp.bits());
  EXPECT_NE(stamp.aged(kNow + LruStamp::kFineMs).bits(), stamp.bits());
}

TEST(LruStamp, KeepsItsTimeWhenConvertedToCoarse) {
  const LruStamp stamp = LruStamp::now(kNow).aged(kNow + 3 * kHour);
  for (const std::int64_t idle : {3 * kHour, 12 * kHour, 30 * kDay, 390 * kDay}) {
    const std::int64_t measured = stamp.idle_ms(kNow + idle);
    ASSERT_LE(std::abs(measured - idle), 4096);
    ASSERT_EQ(stamp.aged(kNow + idle).bits(), stamp.bits());
  }
}

TEST(LruStamp, WithoutAgingWrapsAfterNineHours) {
  const LruStamp stamp = LruStamp::now(kNow);
  EXPECT_EQ(stamp.idle_ms(kNow + LruStamp::kWrapMs), 0);
}

TEST(LruStamp, CanBeMadeForAnIdleTime) {
  EXPECT_EQ(LruStamp::idle_since(kNow, 10'000).idle_ms(kNow), 10'000);
  EXPECT_NEAR(static_cast<double>(LruStamp::idle_since(kNow, 10 * kDay).idle_ms(kNow)), 10.0 * kDay,
              4096.0);
}

TEST(LfuCounter, StartsAtFive) { EXPECT_EQ(LfuCounter::fresh(kNow).count(kNow, 1), 5); }

TEST(LfuCounter, AlwaysIncrementsUpToTheInitialValueOrWithFactorZero) {
  base::Rng rng(1);
  LfuCounter counter = LfuCounter::fresh(kNow, 0);
  for (int uses = 1; uses <= 6; ++uses) {
    counter = counter.used(kNow, 1, 10, rng);
    ASSERT_EQ(counter.count(kNow, 1), uses);
  }
  for (int i = 0; i < 300; ++i) counter = counter.used(kNow, 1, 0, rng);
  EXPECT_EQ(counter.count(kNow, 1), 255);
}

// With factor f the counter reaches 5 + c after about f * c^2 / 2 + c uses.
TEST(LfuCounter, GrowsWithTheLogarithmOfTheUses) {
  base::Rng rng(7);
  double sum = 0;
  constexpr int kRuns = 200;
  for (int run = 0; run < kRuns; ++run) {
    LfuCounter counter = LfuCounter::fresh(kNow);
    for (int i = 0; i < 1000; ++i) counter = counter.used(kNow, 1, 10, rng);
    sum += counter.count(kNow, 1);
  }
  EXPECT_NEAR(sum / kRuns, 5 + 14, 1.5);
}

TEST(LfuCounter, DecaysByOneForEachPeriodWithoutUse) {
  const LfuCounter counter = LfuCounter::fresh(kNow, 100);
  EXPECT_EQ(counter.count(kNow + 10 * kMinute, 1), 90);
  EXPECT_EQ(counter.count(kNow + 10 * kMinute, 5), 98);
  EXPECT_EQ(counter.count(kNow + 500 * kMinute, 1), 0);
  EXPECT_EQ(counter.count(kNow + 500 * kMinute, 0), 100);
}

TEST(LfuCounter, DecaysCorrectlyAcrossTheWrapOfItsMinutes) {
  const std::int64_t wrap = kMinute << 16;
  const std::int64_t just_before = (kNow / wrap + 1) * wrap - kMinute;
  EXPECT_EQ(LfuCounter::fresh(just_before, 50).count(just_before + 20 * kMinute, 1), 30);
}

TEST(LfuCounter, StoresTheDecayedCountOnUse) {
  base::Rng rng(1);
  const LfuCounter used = LfuCounter::fresh(kNow, 200).used(kNow + 100 * kMinute, 1, 10, rng);
  EXPECT_GE(used.count(kNow + 100 * kMinute, 1), 100);
  EXPECT_LE(used.count(kNow + 100 * kMinute, 1), 101);
}

}  // namespace
}  // namespace larder::keyspace
