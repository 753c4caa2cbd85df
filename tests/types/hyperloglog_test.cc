#include "larder/types/hyperloglog.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "larder/base/rng.h"

namespace larder::types::hll {
namespace {

constexpr std::uint64_t kLimit = 3000;

std::string header(Encoding encoding) {
  return std::string("HYLL") + static_cast<char>(encoding) + std::string(11, '\0');
}

std::string sparse(std::string_view runs) { return header(Encoding::sparse) + std::string(runs); }

Raise numbered(std::uint64_t number) { return raise_of("item:" + std::to_string(number)); }

Sketch of(const std::string& bytes) { return Sketch(*View::of(bytes)); }

TEST(HyperLogLog, StartsWithOneRunOfZeros) {
  const Sketch sketch;
  EXPECT_EQ(sketch.bytes(), sparse("\x7f\xff"));
  EXPECT_EQ(View::of(sketch.bytes())->cached_count(), 0u);
  EXPECT_EQ(View::of(sketch.bytes())->count(), 0u);
}

TEST(HyperLogLog, AcceptsOnlyValuesWithItsHeaderAndSize) {
  EXPECT_FALSE(View::of(""));
  EXPECT_FALSE(View::of("HYLL"));
  EXPECT_FALSE(View::of(std::string(16, '\0')));
  EXPECT_TRUE(View::of(sparse("")));
  std::string unknown = sparse("\x7f\xff");
  unknown[4] = 2;
  EXPECT_FALSE(View::of(unknown));
  unknown[4] = static_cast<char>(0xff);
  EXPECT_FALSE(View::of(unknown));
  EXPECT_FALSE(View::of(header(Encoding::dense)));
  std::string dense(kDenseBytes, '\0');
  dense.replace(0, 5, header(Encoding::dense), 0, 5);
  EXPECT_TRUE(View::of(dense));
  EXPECT_FALSE(View::of(dense + "x"));
}

TEST(HyperLogLog, KeepsTheCachedCountUntilItIsInvalidated) {
  std::string bytes = sparse("\x7f\xff");
  store_count(bytes.data(), 0x0102030405060708);
  EXPECT_EQ(bytes.substr(8, 8), "\x08\x07\x06\x05\x04\x03\x02\x01");
  EXPECT_EQ(View::of(bytes)->cached_count(), 0x0102030405060708u);
  forget_count(bytes.data());
  EXPECT_EQ(View::of(bytes)->cached_count(), std::nullopt);
}

TEST(HyperLogLog, SplitsRunsAndJoinsEqualNeighbours) {
  Sketch sketch;
  const auto raise = [&sketch](std::uint16_t index, std::uint8_t value) {
    return sketch.raise({index, value}, kLimit) == Sketch::Outcome::changed;
  };
  const auto runs = [&sketch] { return *View::of(sketch.bytes())->describe(); };
  EXPECT_TRUE(raise(1000, 3));
  EXPECT_EQ(runs(), "Z:1000 v:3,1 Z:15383");
  EXPECT_FALSE(raise(1000, 3));
  EXPECT_FALSE(raise(1000, 2));
  EXPECT_TRUE(raise(1001, 3));
  EXPECT_EQ(runs(), "Z:1000 v:3,2 Z:15382");
  EXPECT_TRUE(raise(1002, 3));
  EXPECT_TRUE(raise(1003, 3));
  EXPECT_TRUE(raise(1004, 3));
  EXPECT_EQ(runs(), "Z:1000 v:3,4 v:3,1 Z:15379");
  EXPECT_TRUE(raise(1002, 5));
  EXPECT_EQ(runs(), "Z:1000 v:3,2 v:5,1 v:3,2 Z:15379");
  EXPECT_TRUE(raise(0, 1));
  EXPECT_TRUE(raise(kRegisters - 1, 32));
  EXPECT_EQ(runs(), "v:1,1 Z:999 v:3,2 v:5,1 v:3,2 Z:15378 v:32,1");
  EXPECT_TRUE(raise(60, 2));
  EXPECT_EQ(runs(), "v:1,1 z:59 v:2,1 Z:939 v:3,2 v:5,1 v:3,2 Z:15378 v:32,1");
}

TEST(HyperLogLog, BecomesDenseForALargeRegisterOrSize) {
  Sketch large_register;
  EXPECT_EQ(large_register.raise({7, 33}, kLimit), Sketch::Outcome::changed);
  EXPECT_TRUE(large_register.is_dense());
  EXPECT_EQ(View::of(large_register.bytes())->dense_register(7), 33);

  Sketch grown;
  for (std::uint64_t i = 0; !grown.is_dense(); ++i) {
    ASSERT_LE(grown.bytes().size(), 100u);
    ASSERT_LT(i, 200u);
    grown.raise(numbered(i), 100);
  }
  EXPECT_EQ(grown.bytes().size(), kDenseBytes);
}

TEST(HyperLogLog, SparseAndDenseAgreeWithAModel) {
  base::Rng rng(7);
  for (const std::uint64_t limit : {0u, 100u, 3000u, 100'000u}) {
    Sketch sketch;
    Registers model{};
    for (int i = 0; i < 6000; ++i) {
      // Close to each other, so that runs of equal values arise.
      const auto index =
          static_cast<std::uint16_t>(rng.below(rng.below(2) == 0 ? 300 : kRegisters));
      const Raise raise{index, static_cast<std::uint8_t>(1 + rng.below(4))};
      const bool higher = model[index] < raise.value;
      const auto outcome = sketch.raise(raise, limit);
      ASSERT_EQ(outcome, higher ? Sketch::Outcome::changed : Sketch::Outcome::unchanged);
      model[index] = std::max(model[index], raise.value);
      if (i % 200 != 0) continue;
      Registers found{};
      ASSERT_TRUE(View::of(sketch.bytes())->merge_into(found));
      ASSERT_EQ(found, model);
    }
  }
}

double error_of(const Sketch& sketch, std::uint64_t real) {
  const auto count = static_cast<double>(*View::of(sketch.bytes())->count());
  return std::abs(count / static_cast<double>(real) - 1);
}

// Two of three counts are within the standard error, and all but a few in a thousand within three
// times that. The elements are the same in each run, and so are the counts.
TEST(HyperLogLog, StaysWithinItsStandardErrorOnAMillionElements) {
  constexpr double kStandardError = 0.0081;
  Sketch sketch;
  for (std::uint64_t i = 1; i <= 1'000'000; ++i) {
    sketch.raise(numbered(i), kLimit);
    if (i % 50'000 == 0) {
      ASSERT_LE(error_of(sketch, i), 3 * kStandardError) << i;
    }
  }
  EXPECT_LE(error_of(sketch, 1'000'000), kStandardError);
}

TEST(HyperLogLog, CountsSmallSetsExactly) {
  Sketch sketch;
  for (std::uint64_t i = 1; i <= 50; ++i) {
    sketch.raise(numbered(i), kLimit);
    ASSERT_EQ(View::of(sketch.bytes())->count(), i);
  }
}

TEST(HyperLogLog, TheUnionEqualsOneWithAllElements) {
  for (const std::uint64_t limit : {std::uint64_t{0}, kLimit}) {
    Sketch even;
    Sketch odd;
    Sketch all;
    for (std::uint64_t i = 0; i < 600; ++i) {
      (i % 2 == 0 ? even : odd).raise(numbered(i), limit);
      all.raise(numbered(i), limit);
    }
    Registers together{};
    ASSERT_TRUE(View::of(even.bytes())->merge_into(together));
    ASSERT_TRUE(View::of(odd.bytes())->merge_into(together));
    even.raise_all(together, limit);
    EXPECT_EQ(estimate(together), View::of(all.bytes())->count());
    EXPECT_EQ(View::of(even.bytes())->count(), View::of(all.bytes())->count());
  }
}

TEST(HyperLogLog, MakingItDenseKeepsRegistersAndCount) {
  Sketch sketch;
  for (std::uint64_t i = 0; i < 500; ++i) sketch.raise(numbered(i), kLimit);
  Registers before{};
  Registers after{};
  ASSERT_TRUE(View::of(sketch.bytes())->merge_into(before));
  ASSERT_TRUE(sketch.make_dense());
  ASSERT_TRUE(View::of(sketch.bytes())->merge_into(after));
  EXPECT_EQ(before, after);
  EXPECT_EQ(View::of(sketch.bytes())->cached_count(), 0u);
  EXPECT_FALSE(of(sparse("\x7f\xfe")).make_dense());
}

TEST(HyperLogLog, CorruptRunsAreDetected) {
  const std::map<std::string, std::string> values = {
      {"none at all", sparse("")},
      {"one register too few", sparse("\x7f\xfe")},
      {"one too many", sparse(std::string("\x7f\xff\x00", 3))},
      {"values too many", sparse("\x7f\xff\x80")},
      {"half a run at the end", sparse("\x7f\xfe\x40")},
      {"far too long", sparse(std::string(100'000, '\x80'))},
  };
  for (const auto& [what, bytes] : values) {
    Registers registers{};
    EXPECT_FALSE(View::of(bytes)->merge_into(registers)) << what;
    EXPECT_FALSE(View::of(bytes)->count()) << what;
    EXPECT_FALSE(of(bytes).make_dense()) << what;
    EXPECT_EQ(of(bytes).raise({1, 33}, kLimit), Sketch::Outcome::corrupt) << what;
  }
  EXPECT_EQ(of(sparse("")).raise({0, 1}, kLimit), Sketch::Outcome::corrupt);
  EXPECT_EQ(of(sparse("\x40")).raise({0, 1}, kLimit), Sketch::Outcome::corrupt);
  EXPECT_EQ(of(sparse("\x7f\xfe")).raise({kRegisters - 1, 1}, kLimit), Sketch::Outcome::corrupt);
}

TEST(HyperLogLog, SelfTestPasses) { EXPECT_EQ(self_test(), std::nullopt); }

}  // namespace
}  // namespace larder::types::hll
