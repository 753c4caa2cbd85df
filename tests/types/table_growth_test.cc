#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "table_support.h"

namespace larder::types::testing {
namespace {

TEST(TableGrowth, MovesNoMoreThanASegmentAtOnce) {
  Items items;
  ItemTable table;
  std::uint64_t moved = 0;
  std::uint64_t worst = 0;
  const auto note = [&] {
    worst = std::max(worst, table.moved_slots() - moved);
    moved = table.moved_slots();
  };
  for (int i = 0; i < 400'000; ++i) {
    insert(table, items.add());
    note();
  }
  EXPECT_LE(moved, 400'000U * 16);
  const std::uint64_t moved_by_growing = moved;
  for (int i = 0; i < 400'000; ++i) {
    ASSERT_NE(erase(table, items[i]), nullptr);
    note();
  }
  EXPECT_LE(moved - moved_by_growing, 400'000U * 16);
  EXPECT_GT(worst, 500U);
  EXPECT_LE(worst, kLargestStep);
}

TEST(TableGrowth, KeepsSlotsFilledAndMemoryLinear) {
  Items items;
  ItemTable table;
  double used = 0;
  int looks = 0;
  std::vector<std::pair<double, double>> points;
  constexpr int kMost = 1'000'000;
  for (int i = 1; i <= kMost; ++i) {
    insert(table, items.add());
    if (i < 1000 || i % 500 != 0) continue;
    const double load = static_cast<double>(table.size()) / static_cast<double>(table.slots());
    ASSERT_GE(load, i < 20'000 ? 0.80 : 0.84) << i;
    used += load;
    ++looks;
    points.emplace_back(i, static_cast<double>(table.bytes()));
  }
  EXPECT_GE(used / looks, 0.84);
  double per_element = 0;
  for (const auto& [size, bytes] : points) per_element += bytes / size;
  per_element /= static_cast<double>(points.size());
  // With fewer than some thousand elements, a step of one block is already more than 1 %.
  for (const auto& [size, bytes] : points) {
    if (size >= 20'000) {
      ASSERT_NEAR(bytes / (size * per_element), 1, 0.03) << size;
    }
  }
  EXPECT_LE(per_element, 11.1);
}

TEST(TableGrowth, FreesMemoryAsElementsAreRemoved) {
  Items items;
  ItemTable table;
  for (int i = 0; i < 300'000; ++i) insert(table, items.add());
  for (int i = 0; i < 300'000; ++i) {
    ASSERT_NE(erase(table, items[i]), nullptr);
    const double left = 299'999 - i;
    if (left < 100) continue;
    const double least = left < 20'000 ? 0.60 : 0.68;
    ASSERT_GE(left / static_cast<double>(table.slots()), least) << left;
  }
  EXPECT_EQ(table.bytes(), 0U);
}

TEST(TableGrowth, UsesLittleMemoryForFewElements) {
  Items items;
  ItemTable table;
  for (int i = 0; i < 20; ++i) insert(table, items.add());
  EXPECT_LE(table.bytes(), 256U);
  for (int i = 20; i < 100; ++i) insert(table, items.add());
  EXPECT_LE(table.bytes(), 1280U + 128);
}

TEST(TableGrowth, DoesNotOscillateAtABoundary) {
  for (const int size : {1, 5, 6, 7, 12, 13, 40, 97, 500, 1445, 1446, 3000, 20'000}) {
    Items items;
    ItemTable table;
    for (int i = 0; i < size; ++i) insert(table, items.add());
    Item* last = items.add();
    insert(table, last);
    const std::uint64_t before = table.moved_slots();
    for (int i = 0; i < 1000; ++i) {
      ASSERT_TRUE(table.erase(last, last->hash));
      insert(table, last);
    }
    EXPECT_LE(table.moved_slots() - before, 2 * kLargestStep) << size;
  }
}

TEST(TableGrowth, CanReverseAtAnyPoint) {
  base::Rng rng(5);
  Items items;
  ItemTable table;
  std::size_t first = 0;
  for (int turn = 0; turn < 60; ++turn) {
    const std::size_t wanted = 1200 + rng.below(9000);
    while (items.size() - first < wanted) insert(table, items.add());
    while (items.size() - first > wanted) {
      ASSERT_EQ(erase(table, items[first]), &items[first]);
      ++first;
    }
    ASSERT_EQ(table.size(), wanted);
    for (std::size_t i = first; i < items.size(); ++i) ASSERT_EQ(find(table, items[i]), &items[i]);
  }
}

TEST(TableGrowth, KeepsSearchesShort) {
  Items items;
  ItemTable table;
  for (int i = 0; i < 300'000; ++i) {
    insert(table, items.add());
    if (i < 100'000 || i % 10'000 != 0) continue;
    const TableStats stats = table.stats();
    double distances = 0;
    for (std::size_t d = 0; d < stats.at_distance.size(); ++d) {
      distances += static_cast<double>(d * stats.at_distance[d]);
    }
    EXPECT_LE(distances / i, 0.5);
    EXPECT_LE(stats.longest_distance, 128U);
  }
}

}  // namespace
}  // namespace larder::types::testing
