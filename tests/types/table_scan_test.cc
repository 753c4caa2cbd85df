#include <gtest/gtest.h>

#include <vector>

#include "table_support.h"

namespace larder::types::testing {
namespace {

constexpr std::uint64_t kCursorEnd = std::uint64_t{1} << 47;

// The changes to the table between two steps of a scan.
struct Mix {
  const char* name;
  int start;
  int inserts_per_step;
  int erases_per_step;
};

class ScanUnderMix : public ::testing::TestWithParam<Mix> {};

// Half of the items present at the start stay; the others are added and removed at random.
TEST_P(ScanUnderMix, VisitsEveryElementThatStays) {
  const Mix mix = GetParam();
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    base::Rng rng(seed);
    Items items;
    ItemTable table;
    std::vector<Item*> passing;
    for (int i = 0; i < mix.start; ++i) {
      Item* item = items.add(rng.next());
      insert(table, item);
      if (i % 4 != 0) passing.push_back(item);
    }
    std::vector<int> times_seen(items.size());
    std::uint64_t cursor = 0;
    do {
      cursor = table.scan(cursor, [&](Item* item) {
        if (item->key < times_seen.size()) ++times_seen[item->key];
      });
      for (int i = 0; i < mix.inserts_per_step; ++i) {
        passing.push_back(items.add(rng.next()));
        insert(table, passing.back());
      }
      for (int i = 0; i < mix.erases_per_step && !passing.empty(); ++i) {
        std::swap(passing[rng.below(passing.size())], passing.back());
        ASSERT_TRUE(table.erase(passing.back(), passing.back()->hash));
        passing.pop_back();
      }
    } while (cursor != 0);
    int repeated = 0;
    for (int i = 0; i < mix.start; i += 4) {
      ASSERT_GE(times_seen[i], 1) << mix.name << " item " << i;
      repeated += times_seen[i] > 1;
    }
    EXPECT_LE(repeated, 2) << mix.name;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Mixes, ScanUnderMix,
    ::testing::Values(Mix{"still", 3000, 0, 0}, Mix{"small", 10, 3, 2}, Mix{"rising", 500, 12, 1},
                      Mix{"rising_far", 5000, 20, 0}, Mix{"falling", 40'000, 0, 5},
                      Mix{"falling_fast", 20'000, 0, 30}, Mix{"churning", 5000, 10, 10}),
    [](const auto& test) { return test.param.name; });

TEST(TableScan, VisitsEachElementOnceIfNothingChanges) {
  for (const int size : {1, 6, 7, 100, 1300, 1500, 9000}) {
    Items items;
    ItemTable table;
    for (int i = 0; i < size; ++i) insert(table, items.add());
    std::vector<int> times_seen(items.size());
    std::uint64_t cursor = 0;
    std::uint64_t last = 0;
    do {
      cursor = table.scan(cursor, [&](Item* item) { ++times_seen[item->key]; });
      ASSERT_TRUE(cursor == 0 || cursor > last);
      last = cursor;
    } while (cursor != 0);
    for (const int times : times_seen) ASSERT_EQ(times, 1);
  }
}

TEST(TableScan, ElementsMayMoveMeanwhile) {
  Items items;
  ItemTable table;
  for (int i = 0; i < 3000; ++i) insert(table, items.add());
  std::uint64_t cursor = 0;
  do {
    cursor = table.scan_slots(cursor, [&](ItemTable::Slot slot) {
      Item* copy = items.add(slot.element()->hash);
      copy->key = slot.element()->key;
      slot.replace(copy);
    });
  } while (cursor != 0);
  for (int i = 0; i < 3000; ++i) {
    const Item* found = find(table, items[i]);
    ASSERT_NE(found, nullptr);
    ASSERT_NE(found, &items[i]);
  }
}

TEST(TableScan, AcceptsAnyCursor) {
  Items items;
  ItemTable table;
  for (int i = 0; i < 3000; ++i) insert(table, items.add());
  base::Rng rng(3);
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t cursor = rng.below(kCursorEnd);
    const std::uint64_t next = table.scan(cursor, [](Item*) {});
    ASSERT_TRUE(next == 0 || next > cursor);
    ASSERT_LT(table.scan(rng.next(), [](Item*) {}), kCursorEnd);
  }
  EXPECT_EQ(table.scan(kCursorEnd - 1, [](Item*) {}), 0U);
  EXPECT_EQ(table.scan(~std::uint64_t{0}, [](Item*) {}), 0U);
}

// Clients keep cursors in doubles and in signed integers.
TEST(TableScan, KeepsCursorsSmallInADeepTable) {
  Items items;
  ItemTable table;
  insert(table, items.add());
  const Order order(table);
  // Only hashes that are equal to the last bits of a cursor make a table this deep.
  for (int i = 0; i < 2000; ++i) insert(table, items.add(order.hash_at(~std::uint64_t{0} << 9)));
  for (int i = 0; i < 50'000; ++i) insert(table, items.add());
  std::vector<int> times_seen(items.size());
  std::uint64_t cursor = 0;
  do {
    const std::uint64_t next = table.scan(cursor, [&](Item* item) { ++times_seen[item->key]; });
    ASSERT_TRUE(next == 0 || next > cursor);
    ASSERT_LT(next, kCursorEnd);
    cursor = next;
  } while (cursor != 0);
  for (const int times : times_seen) ASSERT_EQ(times, 1);
}

// Elements are added and removed in the order of the table while it is scanned, so that it becomes
// deep at one place and stays shallow at others.
TEST(TableScan, VisitsEveryElementThatStaysWhileOthersAreAddedAndRemovedInOrder) {
  for (const bool ahead : {false, true}) {
    Items items;
    ItemTable table;
    Item first{40'000, mix(40'000), 0};
    insert(table, &first);
    for (int i = 0; i < 40'000; ++i) items.add();
    const std::vector<Item*> sorted = Order(table).sorted(items);
    for (std::size_t i = 0; i < sorted.size(); i += 2) insert(table, sorted[i]);
    std::vector<int> times_seen(items.size() + 1);
    std::uint64_t cursor = 0;
    std::size_t from = ahead ? sorted.size() - 1 : 1;
    const auto turn = [&](int steps) {
      for (int i = 0; i < steps && from < sorted.size(); ++i, from += ahead ? -2 : 2) {
        insert(table, sorted[from]);
        if (from % 50 == 1) continue;
        // The items of even index that do not stay.
        Item* passing = sorted[from ^ 1];
        if (passing->key % 8 != 0) {
          ASSERT_TRUE(table.erase(passing, passing->hash));
        }
        ASSERT_TRUE(table.erase(sorted[from], sorted[from]->hash));
      }
    };
    do {
      cursor = table.scan(cursor, [&](Item* item) { ++times_seen[item->key]; });
      turn(7);
    } while (cursor != 0);
    for (std::size_t i = 0; i < sorted.size(); i += 2) {
      if (sorted[i]->key % 8 == 0) {
        ASSERT_GE(times_seen[sorted[i]->key], 1);
      }
    }
  }
}

}  // namespace
}  // namespace larder::types::testing
