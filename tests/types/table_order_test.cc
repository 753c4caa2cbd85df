// Work and memory of the table if elements are added and removed in the worst order: the order of
// the table itself, which a client can learn by scanning.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "larder/base/clock.h"
#include "table_support.h"

namespace larder::types::testing {
namespace {

// Slots moved for each insertion or removal, over any long run of them.
constexpr std::uint64_t kMovesEach = 16;

enum class Way : std::uint8_t { forwards, backwards, from_the_middle, random };

struct Case {
  const char* name;
  Way way;
  // All positions begin with this many equal bits.
  unsigned prefix_bits;
  std::size_t largest = 100'000;
};

// A table whose bounds are checked at each call.
class Watched {
 public:
  // Items spread over the positions that begin with `prefix_bits` bits of a constant. An element
  // more is always in the table, so that it keeps its order.
  Watched(std::size_t size, unsigned prefix_bits) {
    testing::insert(table_, &anchor_);
    order_ = Order(table_);
    constexpr std::uint64_t kPrefix = 0xb7e151628aed2a6a;
    const std::uint64_t free_bits =
        prefix_bits == 0 ? ~std::uint64_t{0} : ~std::uint64_t{0} >> prefix_bits;
    for (std::size_t i = 0; i < size; ++i) {
      items_.add(order_.hash_at((kPrefix & ~free_bits) | (mix(i) & free_bits)));
    }
  }

  std::vector<Item*> in_order(Way way) {
    std::vector<Item*> sorted = order_.sorted(items_);
    if (way == Way::backwards) std::reverse(sorted.begin(), sorted.end());
    if (way == Way::from_the_middle) {
      const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
      std::rotate(sorted.begin(), middle, sorted.end());
    }
    if (way == Way::random) {
      base::Rng rng(sorted.size());
      for (std::size_t i = sorted.size(); i > 1; --i) {
        std::swap(sorted[i - 1], sorted[rng.below(i)]);
      }
    }
    return sorted;
  }

  void insert(Item* item) {
    table_.insert(item, item->hash);
    note();
  }
  void erase(Item* item) {
    ASSERT_TRUE(table_.erase(item, item->hash));
    note();
  }
  // The table holds nothing but items from now on.
  void drop_anchor() { erase(&anchor_); }
  // Checks the number of slots moved since the last call, for this many operations.
  void expect_linear(std::size_t operations) {
    EXPECT_LE(worst_, kLargestStep);
    EXPECT_LE(moved_ - moved_before_, operations * kMovesEach);
    moved_before_ = moved_;
  }
  // In proportion to the elements, but for one node of the directory and a segment or two.
  void expect_lean(double bytes_each) {
    EXPECT_LE(static_cast<double>(table_.bytes()),
              40'000 + bytes_each * static_cast<double>(table_.size()));
  }

  ItemTable& table() { return table_; }
  Items& items() { return items_; }

 private:
  void note() {
    const std::uint64_t moved = table_.moved_slots();
    worst_ = std::max(worst_, moved - moved_);
    moved_ = moved;
  }

  Item anchor_{~std::uint64_t{0}, ~std::uint64_t{0}, 0};
  Items items_;
  ItemTable table_;
  Order order_;
  std::uint64_t worst_ = 0;
  std::uint64_t moved_ = 0;
  std::uint64_t moved_before_ = 0;
};

class TableInOrder : public ::testing::TestWithParam<Case> {};

// Filled, emptied in the same order, filled again, emptied backwards.
TEST_P(TableInOrder, WorkIsLinearAtEverySize) {
  for (const std::size_t size : {10'000, 100'000, 1'000'000}) {
    if (size > GetParam().largest) continue;
    Watched watched(size, GetParam().prefix_bits);
    const std::vector<Item*> order = watched.in_order(GetParam().way);
    for (Item* item : order) watched.insert(item);
    watched.expect_linear(size);
    watched.expect_lean(13);
    for (std::size_t i = 1; i < size; ++i) {
      watched.erase(order[i]);
      if (i == size - size / 64) watched.expect_lean(32);
    }
    watched.expect_linear(size);
    watched.expect_lean(0);
    for (std::size_t i = 1; i < size; ++i) watched.insert(order[i]);
    watched.expect_linear(size);
    watched.expect_lean(13);
    for (std::size_t i = size; i > 0; --i) watched.erase(order[i - 1]);
    watched.expect_linear(size);
    watched.expect_lean(0);
  }
}

INSTANTIATE_TEST_SUITE_P(Orders, TableInOrder,
                         ::testing::Values(Case{"forwards", Way::forwards, 0, 1'000'000},
                                           Case{"backwards", Way::backwards, 0},
                                           Case{"from_the_middle", Way::from_the_middle, 0},
                                           Case{"prefix_of_8_bits", Way::random, 8},
                                           Case{"prefix_of_12_bits", Way::random, 12, 1'000'000},
                                           Case{"prefix_of_12_bits_forwards", Way::forwards, 12}),
                         [](const auto& test) { return test.param.name; });

// Like SCAN, then DEL and SET of each key.
TEST(TableOrder, ElementsMayBeReplacedInOrder) {
  constexpr std::size_t kSize = 100'000;
  Watched watched(kSize, 0);
  const std::vector<Item*> order = watched.in_order(Way::forwards);
  for (Item* item : order) watched.insert(item);
  watched.expect_linear(kSize);
  for (std::size_t lag : {std::size_t{1}, std::size_t{1000}, kSize / 2}) {
    for (std::size_t i = 0; i < kSize + lag; ++i) {
      if (i < kSize) watched.erase(order[i]);
      if (i >= lag) watched.insert(order[i - lag]);
    }
    watched.expect_linear(2 * kSize);
  }
}

// Repeats one step where a segment has just grown, split, shrunk or merged.
TEST(TableOrder, DoesNotOscillateAtAnySegment) {
  constexpr unsigned kPrefixBits = 3;
  Watched watched(5000, kPrefixBits);
  const std::vector<Item*> order = watched.in_order(Way::forwards);
  for (const bool filling : {true, false}) {
    for (std::size_t i = 0; i < order.size(); ++i) {
      const std::uint64_t before = watched.table().moved_slots();
      for (int again = 0; again < 20; ++again) {
        filling ? watched.insert(order[i]) : watched.erase(order[i]);
        filling ? watched.erase(order[i]) : watched.insert(order[i]);
      }
      // An insertion and a removal of another element may each have caused one step, and a full
      // segment may be split once for each bit that its elements have in common.
      ASSERT_LE(watched.table().moved_slots() - before, (2 + kPrefixBits) * kLargestStep) << i;
      filling ? watched.insert(order[i]) : watched.erase(order[i]);
    }
  }
}

// A segment is full of elements of one half, and the next element belongs to the other half, which
// gets no segment by the split.
TEST(TableOrder, TheFirstElementBehindAFullHalfIsInserted) {
  constexpr std::size_t kFull = 756;
  for (const std::uint64_t filled_half : {0, 1}) {
    ItemTable table;
    Items items;
    Item anchor;
    insert(table, &anchor);
    const Order order(table);
    const auto insert_at = [&](std::uint64_t half, std::uint64_t i) {
      Item* const item = items.add(order.hash_at(half << 63 | i << 40));
      ASSERT_TRUE(table.insert_new(item, item->hash));
    };
    for (std::size_t i = 1; i < kFull; ++i) insert_at(filled_half, i);
    ASSERT_TRUE(table.erase(&anchor, anchor.hash));
    insert_at(filled_half, kFull);
    ASSERT_EQ(table.stats().segments, 1);
    insert_at(1 - filled_half, 1);
    EXPECT_EQ(table.stats().segments, 2);
    EXPECT_EQ(table.size(), kFull + 1);
    for (std::size_t i = 0; i < items.size(); ++i) {
      EXPECT_TRUE(table.erase(&items[i], items[i].hash)) << i;
    }
  }
}

TEST(TableOrder, TablesHaveDifferentOrders) {
  constexpr std::size_t kSize = 100'000;
  Watched first(kSize, 0);
  Watched other(1, 0);
  const ItemTable& second = other.table();
  std::uint64_t before = 0;
  std::size_t descents = 0;
  std::uint64_t largest = 0;
  for (const Item* item : first.in_order(Way::forwards)) {
    const std::uint64_t at = second.cursor_of(item->hash);
    descents += at < before;
    before = at;
    if (descents < kSize / 100) largest = std::max(largest, at);
  }
  EXPECT_NEAR(static_cast<double>(descents) / kSize, 0.5, 0.01);
  EXPECT_GT(largest, (std::uint64_t{1} << 47) / 100 * 95);
}

// 200,000 elements of which one prefix of the positions is left, and a few elsewhere.
class Uneven {
 public:
  Uneven() : watched_(200'000, 0) {
    const std::vector<Item*> order = watched_.in_order(Way::forwards);
    for (Item* item : order) watched_.insert(item);
    for (std::size_t i = 0; i < order.size(); ++i) {
      const bool stays = (i >= 90'000 && i < 93'000) || i % 20'000 == 0;
      if (stays) {
        left_.push_back(order[i]);
      } else {
        watched_.erase(order[i]);
      }
    }
    watched_.drop_anchor();
    watched_.expect_linear(order.size() * 2);
  }
  ItemTable& table() { return watched_.table(); }
  const std::vector<Item*>& left() const { return left_; }

 private:
  Watched watched_;
  std::vector<Item*> left_;
};

TEST(TableOrder, SamplesFairlyAndFastInAnUnevenTable) {
  Uneven uneven;
  base::Rng rng(17);
  base::Rng shadow = rng;
  constexpr int kEach = 40;
  std::vector<int> counts(uneven.table().size() * 100);
  const std::size_t draws = uneven.left().size() * kEach;
  for (std::size_t i = 0; i < draws; ++i) ++counts[uneven.table().random(rng)->key];
  double chi_square = 0;
  for (const Item* item : uneven.left()) {
    chi_square += (counts[item->key] - kEach) * (counts[item->key] - kEach) / double{kEach};
  }
  const double freedom = static_cast<double>(uneven.left().size()) - 1;
  EXPECT_LT((chi_square - freedom) / std::sqrt(2 * freedom), 4.5);
  // The number of random numbers drawn: three for each attempt.
  const std::uint64_t last = rng.next();
  std::size_t numbers = 1;
  while (shadow.next() != last) ++numbers;
  EXPECT_LT(numbers, draws * 3 * 4);
}

TEST(TableOrder, UnevenTablesAreFreed) {
  base::ManualClock clock;
  Uneven uneven;
  std::vector<int> seen(200'000);
  for (bool empty = false; !empty;) {
    base::Budget budget(clock, 0);
    empty = uneven.table().clear_some(budget, [&](Item* item) { ++seen[item->key]; });
  }
  for (const Item* item : uneven.left()) ASSERT_EQ(seen[item->key], 1);
  EXPECT_EQ(uneven.table().bytes(), 0U);
}

// Expiry in order: a sweep that removes most of the elements that it visits.
TEST(TableOrder, SweepsInStepsOfOneSegment) {
  for (const std::size_t size : {10'000, 300'000}) {
    Items items;
    TaggedTable table;
    for (std::size_t i = 0; i < size; ++i) {
      Item* item = items.add();
      item->tag = i % 100 == 0 ? 0 : 1;
      insert(table, item);
    }
    std::uint64_t moved = table.moved_slots();
    const std::uint64_t moved_before = moved;
    std::uint64_t worst = 0;
    std::size_t lines = 0;
    const std::size_t buckets = table.slots() / 7;
    std::uint64_t cursor = 0;
    do {
      cursor = table.sweep(cursor, {1, 0}, 1, [](Item*) { return Verdict::erase; });
      worst = std::max(worst, table.moved_slots() - moved);
      moved = table.moved_slots();
      ++lines;
    } while (cursor != 0);
    EXPECT_EQ(table.size(), size / 100);
    EXPECT_LE(worst, kLargestStep);
    EXPECT_LE(moved - moved_before, size * kMovesEach);
    EXPECT_LE(lines, 6 * buckets);
  }
}

TEST(TableReserve, CreatesSegmentsOfTheFinalSize) {
  for (const std::size_t size : {5, 100, 700, 2000, 30'000, 300'000}) {
    Items items;
    ItemTable table;
    table.reserve(size);
    EXPECT_EQ(table.bytes(), 0U);
    for (std::size_t i = 0; i < size; ++i) insert(table, items.add());
    // The segments that get more elements than others grow by a step.
    EXPECT_LE(table.moved_slots(), size) << size;
    EXPECT_GE(static_cast<double>(size) / static_cast<double>(table.slots()), 0.70) << size;
    for (std::size_t i = 0; i < size; ++i) ASSERT_EQ(find(table, items[i]), &items[i]);
  }
}

// What is loaded from a file takes no more than what was built element by element.
TEST(TableReserve, TakesTheMemoryOfATableThatHasGrown) {
  double sum = 0;
  int count = 0;
  for (double size = 2000; size < 100'000; size *= 1.13, ++count) {
    Items items;
    ItemTable reserved, grown;
    reserved.reserve(static_cast<std::size_t>(size));
    for (std::size_t i = 0; i < static_cast<std::size_t>(size); ++i) {
      insert(grown, items.add());
      insert(reserved, &items[i]);
    }
    const double share = static_cast<double>(reserved.bytes()) / static_cast<double>(grown.bytes());
    EXPECT_LE(share, 1.06) << size;
    sum += share;
  }
  EXPECT_LE(sum / count, 1.03);
}

TEST(TableReserve, EndsWithTheFirstRemoval) {
  Items items;
  ItemTable table;
  table.reserve(1'000'000);
  for (int i = 0; i < 2000; ++i) insert(table, items.add());
  EXPECT_GE(table.slots(), 100'000U);
  for (int i = 1; i < 2000; ++i) ASSERT_EQ(erase(table, items[i]), &items[i]);
  EXPECT_LE(table.slots(), 1000U);
  for (int i = 1; i < 2000; ++i) insert(table, &items[i]);
  EXPECT_LE(table.slots(), 2000U * 3 / 2);
  for (int i = 0; i < 2000; ++i) ASSERT_EQ(find(table, items[i]), &items[i]);
}

}  // namespace
}  // namespace larder::types::testing
