#include <gtest/gtest.h>

#include <array>
#include <set>

#include "larder/base/assert.h"
#include "larder/base/budget.h"
#include "larder/base/clock.h"
#include "larder/base/result.h"
#include "larder/base/rng.h"
#include "larder/base/text.h"

namespace larder::base {
namespace {

TEST(SystemClock, AdvancesOnlyWhenItTicks) {
  SystemClock clock;
  const auto before = clock.steady_us();
  while (clock.steady_now_us() == before) {
  }
  EXPECT_EQ(clock.steady_us(), before);
  clock.tick();
  EXPECT_GT(clock.steady_us(), before);
  EXPECT_GT(clock.unix_ms(), 1'600'000'000'000);
}

TEST(Budget, ReadsTheClockOnceInSeveralChecksAndEndsAtItsDeadline) {
  ManualClock clock;
  Budget budget(clock, 100);
  EXPECT_FALSE(budget.spent());
  clock.advance_us(100);
  EXPECT_FALSE(budget.spent(3));
  EXPECT_FALSE(budget.spent(3));
  EXPECT_TRUE(budget.spent(3));
  EXPECT_FALSE(Budget::unlimited().spent());
}

TEST(Rng, RepeatsItsSeedAndStaysBelowTheBound) {
  Rng a(1);
  Rng b(1);
  Rng c(2);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(a.next(), b.next());
    const auto value = c.below(10);
    EXPECT_LT(value, 10u);
    seen.insert(value);
    const double unit = c.unit();
    EXPECT_GE(unit, 0);
    EXPECT_LT(unit, 1);
  }
  EXPECT_EQ(seen.size(), 10u);
}

TEST(RandomSecret, FillsTheWholeSpan) {
  std::array<std::byte, 1024> secret{};
  random_secret(secret);
  EXPECT_GT(std::set<std::byte>(secret.end() - 512, secret.end()).size(), 64u);
}

TEST(Text, QuotesUnprintableBytes) {
  EXPECT_EQ(quoted("a\"b\\c"), "\"a\\\"b\\\\c\"");
  EXPECT_EQ(quoted("\n\r\t\a\b"), "\"\\n\\r\\t\\a\\b\"");
  EXPECT_EQ(quoted(std::string_view("\0\xff~", 3)), "\"\\x00\\xff~\"");
  EXPECT_EQ(lowered("MaxMemory-1"), "maxmemory-1");
  EXPECT_TRUE(equals_ignoring_case("GeT", "gEt"));
  EXPECT_FALSE(equals_ignoring_case("get", "gets"));
}

TEST(Result, HoldsAValueOrTheReason) {
  Result<int> good = 5;
  ASSERT_TRUE(good);
  EXPECT_EQ(*good, 5);
  Result<int> bad = Error{"no"};
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().text, "no");
  EXPECT_DEATH(static_cast<void>(bad.value()), "ASSERTION FAILED");
}

TEST(AssertDeathTest, CallsTheHandlerThatWasInstalled) {
  EXPECT_DEATH(
      {
        on_assertion_failure(
            [](const char*, const char*, int) { std::fputs("handled\n", stderr); });
        LARDER_ASSERT(1 + 1 == 3);
      },
      "ASSERTION FAILED: 1 \\+ 1 == 3(.|\n)*handled");
}

}  // namespace
}  // namespace larder::base
