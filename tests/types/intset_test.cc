#include "larder/types/intset.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <string>
#include <vector>

#include "larder/base/rng.h"

namespace larder::types {
namespace {

using memory::Owner;

// Frees its intset; the owner must hold as much as before.
class IntsetTest : public testing::Test {
 protected:
  void TearDown() override {
    EXPECT_EQ(memory::balance(Owner::sets), before + static_cast<std::int64_t>(set.footprint()));
    set.destroy(Owner::sets);
  }
  std::vector<std::int64_t> integers() const {
    std::vector<std::int64_t> all;
    for (std::size_t i = 0; i < set.size(); ++i) all.push_back(set.at(i));
    return all;
  }
  std::int64_t before = memory::balance(Owner::sets);
  Intset set = Intset::create(Owner::sets);
};

TEST_F(IntsetTest, KeepsIntegersInOrder) {
  for (const std::int64_t value : {5, -3, 9, 0, 5, -3}) set.add(Owner::sets, value);
  EXPECT_EQ(integers(), (std::vector<std::int64_t>{-3, 0, 5, 9}));
}

TEST_F(IntsetTest, HasTheBytesOfRedis) {
  set.add(Owner::sets, 258);
  set.add(Owner::sets, -1);
  EXPECT_EQ(set.raw(), std::string_view("\x02\0\0\0\x02\0\0\0\xff\xff\x02\x01", 12));
}

TEST_F(IntsetTest, WidensForTheLargestIntegerAndKeepsTheWidth) {
  set.add(Owner::sets, 1);
  EXPECT_EQ(set.width(), 2u);
  set.add(Owner::sets, 40'000);
  EXPECT_EQ(set.width(), 4u);
  set.add(Owner::sets, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(set.width(), 8u);
  EXPECT_EQ(integers(),
            (std::vector<std::int64_t>{std::numeric_limits<std::int64_t>::min(), 1, 40'000}));
  set.remove(Owner::sets, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(set.width(), 8u);
}

// Values of all three widths, often the same one.
std::int64_t random_value(base::Rng& rng) {
  const auto value = static_cast<std::int64_t>(rng.below(300)) - 150;
  switch (rng.below(20)) {
    case 0:
      return value * 100'000;
    case 1:
      return value * 100'000'000'000;
    default:
      return value;
  }
}

TEST_F(IntsetTest, AgreesWithASortedSet) {
  base::Rng rng(7);
  std::set<std::int64_t> model;
  for (int i = 0; i < 20'000; ++i) {
    const std::int64_t value = random_value(rng);
    if (rng.below(2) == 0) {
      ASSERT_EQ(set.add(Owner::sets, value), model.insert(value).second);
    } else {
      ASSERT_EQ(set.remove(Owner::sets, value), model.erase(value) == 1);
    }
    const std::int64_t asked = random_value(rng);
    ASSERT_EQ(set.contains(asked), model.count(asked) == 1);
    if (i % 100 == 0) {
      ASSERT_EQ(integers(), std::vector<std::int64_t>(model.begin(), model.end()));
    }
    if (i % 100 == 0 && !model.empty()) {
      ASSERT_TRUE(IntsetView::valid(set.raw()));
    }
  }
}

TEST_F(IntsetTest, CursorAgreesWithSearch) {
  base::Rng rng(11);
  for (int round = 0; round < 50; ++round) {
    const std::uint64_t spread = std::uint64_t{1} << rng.below(20);
    for (int i = 0; i < 60; ++i) set.add(Owner::sets, static_cast<std::int64_t>(rng.below(spread)));
    std::set<std::int64_t> asked;
    for (int i = 0; i < 200; ++i) asked.insert(static_cast<std::int64_t>(rng.below(spread + 5)));
    IntsetCursor cursor(set);
    for (const std::int64_t value : asked) ASSERT_EQ(cursor.contains(value), set.contains(value));
  }
}

TEST(IntsetView, RejectsMalformedBytes) {
  const auto valid = [](std::string_view raw) { return IntsetView::valid(raw); };
  EXPECT_TRUE(valid({"\x02\0\0\0\x02\0\0\0\x01\0\x02\0", 12}));
  EXPECT_FALSE(valid({"\x02\0\0\0\x02\0\0\0\x02\0\x01\0", 12}));
  EXPECT_FALSE(valid({"\x02\0\0\0\x02\0\0\0\x01\0\x01\0", 12}));
  EXPECT_FALSE(valid({"\x02\0\0\0\x03\0\0\0\x01\0\x02\0", 12}));
  EXPECT_FALSE(valid({"\x03\0\0\0\x01\0\0\0\x01\0\x02", 11}));
  EXPECT_FALSE(valid({"\x02\0\0\0\0\0\0\0", 8}));
  EXPECT_FALSE(valid({"\x08\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0", 16}));
  EXPECT_FALSE(valid(""));
}

}  // namespace
}  // namespace larder::types
