#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "table_support.h"

namespace larder::types::testing {
namespace {

// How far the counts are from equal: chi-square less its mean, in standard deviations.
double unfairness(const std::vector<int>& counts, double expected) {
  double chi_square = 0;
  for (const int count : counts) chi_square += (count - expected) * (count - expected) / expected;
  const double freedom = static_cast<double>(counts.size()) - 1;
  return (chi_square - freedom) / std::sqrt(2 * freedom);
}

// Sizes with one small segment, several, in the middle of a sweep and of a doubling.
const int kSizes[] = {1, 2, 6, 7, 30, 150, 1000, 1400, 1700, 2300, 2900, 3100, 5000};

class Sampled {
 public:
  explicit Sampled(int size) {
    for (int i = 0; i < size; ++i) insert(table_, items_.add());
  }
  // Leaves every fourth item.
  void thin_out() {
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (i % 4 != 0) erase(table_, items_[i]);
    }
  }
  ItemTable& table() { return table_; }
  Items& items() { return items_; }

 private:
  Items items_;
  ItemTable table_;
};

void expect_fair_random(const ItemTable& table, std::size_t keys, std::size_t step) {
  base::Rng rng(17);
  constexpr int kEach = 40;
  std::vector<int> counts((keys + step - 1) / step);
  for (std::size_t i = 0; i < counts.size() * kEach; ++i) ++counts[table.random(rng)->key / step];
  if (counts.size() == 1) return;
  EXPECT_LT(unfairness(counts, kEach), 4.5) << keys;
}

TEST(TableSampling, ReturnsEveryElementEquallyOften) {
  for (const int size : kSizes) {
    Sampled sampled(size);
    expect_fair_random(sampled.table(), size, 1);
  }
}

TEST(TableSampling, StaysFairAfterShrinking) {
  for (const int size : kSizes) {
    Sampled sampled(4 * size);
    sampled.thin_out();
    expect_fair_random(sampled.table(), 4 * size, 4);
  }
}

TEST(TableSampling, ReturnsBucketsEquallyOften) {
  for (const int size : {5, 150, 1700, 3100}) {
    Sampled sampled(size);
    base::Rng rng(23);
    std::vector<int> counts(size);
    const auto draws = static_cast<std::int64_t>(sampled.table().slots() / 7 * 40);
    for (std::int64_t i = 0; i < draws; ++i) {
      sampled.table().sample_bucket(rng, [&](Item* item) { ++counts[item->key]; });
    }
    // Elements of one bucket come together, which widens the spread by up to seven.
    EXPECT_LT(unfairness(counts, 40), 4.5 * 3) << size;
  }
}

TEST(TableSampling, ReturnsNothingFromAnEmptyTable) {
  Sampled sampled(100);
  for (std::size_t i = 0; i < 100; ++i) erase(sampled.table(), sampled.items()[i]);
  base::Rng rng(1);
  EXPECT_EQ(sampled.table().random(rng), nullptr);
  sampled.table().sample_bucket(rng, [](Item*) { FAIL(); });
}

TEST(TableSweep, VisitsExactlyTheElementsInTheWindow) {
  for (const int size : {0, 1, 40, 1200, 1500, 4000}) {
    for (const TagWindow window :
         {TagWindow{10, 3}, TagWindow{250, 20}, TagWindow{0, 0}, TagWindow{5, 255}}) {
      Items items;
      TaggedTable table;
      std::vector<int> expected(size);
      for (int i = 0; i < size; ++i) {
        Item* item = items.add();
        item->tag = static_cast<std::uint8_t>(i * 7);
        expected[i] = static_cast<std::uint8_t>(item->tag - window.low) <= window.width;
        insert(table, item);
      }
      std::vector<int> seen(size);
      std::uint64_t cursor = 0;
      do {
        cursor = table.sweep(cursor, window, 3, [&](Item* item) {
          ++seen[item->key];
          return Verdict::keep;
        });
      } while (cursor != 0);
      ASSERT_EQ(seen, expected) << size;
    }
  }
}

TEST(TableSweep, RemovesTheChosenElements) {
  Items items;
  TaggedTable table;
  constexpr int kSize = 20'000;
  for (int i = 0; i < kSize; ++i) {
    Item* item = items.add();
    item->tag = static_cast<std::uint8_t>(i);
    insert(table, item);
  }
  const std::uint64_t bytes_before = table.bytes();
  int rounds = 0;
  // Erasing shrinks the table during the sweep, so that a round may miss some elements.
  for (; table.size() > kSize / 4 + kSize / 64 && rounds < 5; ++rounds) {
    std::uint64_t cursor = 0;
    do {
      cursor = table.sweep(cursor, {0, 191}, 8, [](Item* item) {
        EXPECT_LT(item->tag, 192);
        return item->key % 64 == 1 ? Verdict::keep : Verdict::erase;
      });
    } while (cursor != 0);
  }
  EXPECT_LE(rounds, 3);
  for (int i = 0; i < kSize; ++i) {
    if (items[i].tag >= 192 || i % 64 == 1) {
      ASSERT_TRUE(table.contains(&items[i], items[i].hash)) << i;
    }
  }
  EXPECT_LT(table.bytes(), bytes_before / 2);
}

TEST(TableSweep, FollowsATagThatChanges) {
  Items items;
  TaggedTable table;
  for (int i = 0; i < 500; ++i) insert(table, items.add());
  ASSERT_TRUE(table.retag(&items[123], items[123].hash, 77));
  ASSERT_FALSE(table.retag(items.add(), mix(500), 77));
  int seen = 0;
  EXPECT_EQ(table.sweep(0, {77, 0}, 100'000,
                        [&](Item* item) {
                          EXPECT_EQ(item, &items[123]);
                          ++seen;
                          return Verdict::keep;
                        }),
            0U);
  EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace larder::types::testing
