#include "larder/types/table_fill.h"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "table_support.h"

namespace larder::types::testing {
namespace {

// Fills with `count` new items and then with `again` that have their keys; returns the items that
// the table did not take.
std::vector<Item*> fill(ItemTable& table, Items& items, std::deque<Item>& again,
                        std::size_t count) {
  std::vector<Item*> repeated;
  const auto note = [&repeated](Item* item) { repeated.push_back(item); };
  TableFill<ItemTraits> fill(table, count);
  for (std::size_t i = 0; i < count; ++i) {
    Item* item = items.add();
    fill.add(item, item->hash, note);
  }
  for (Item& item : again) fill.add(&item, item.hash, note);
  fill.flush(note);
  return repeated;
}

TEST(TableFill, InsertsEveryElementForAnyNumberOfThem) {
  for (const std::size_t count : {0, 1, 2, 255, 256, 257, 4'095, 4'096, 100'000, 600'000}) {
    Items items;
    ItemTable table;
    std::deque<Item> none;
    table.reserve(count);
    EXPECT_TRUE(fill(table, items, none, count).empty());
    EXPECT_EQ(table.size(), count);
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(find(table, items[i]), &items[i]);
  }
}

TEST(TableFill, ReturnsElementsWhoseKeyIsThere) {
  for (const std::size_t count : {2, 300, 100'000}) {
    Items items;
    ItemTable table;
    std::deque<Item> again;
    for (const std::size_t key : {std::size_t{0}, count / 2, count - 1}) {
      again.push_back({key, mix(key), 0});
    }
    EXPECT_EQ(fill(table, items, again, count).size(), again.size());
    EXPECT_EQ(table.size(), count);
  }
}

// The estimate may be wrong in both directions.
TEST(TableFill, TakesMoreAndFewerElementsThanExpected) {
  for (const std::size_t expected : {1, 1'000'000}) {
    Items items;
    ItemTable table;
    {
      TableFill<ItemTraits> fill(table, expected);
      const auto none = [](Item*) { ADD_FAILURE(); };
      for (int i = 0; i < 20'000; ++i) {
        Item* item = items.add();
        fill.add(item, item->hash, none);
      }
      fill.flush(none);
    }
    EXPECT_EQ(table.size(), 20'000u);
  }
}

}  // namespace
}  // namespace larder::types::testing
