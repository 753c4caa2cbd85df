#include "larder/types/table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "larder/base/clock.h"
#include "larder/memory/ledger.h"
#include "table_support.h"

namespace larder::types::testing {
namespace {

// Every stored item is found at its address, and the table contains no others.
void expect_same(const ItemTable& table, const std::unordered_map<std::uint64_t, Item*>& model) {
  ASSERT_EQ(table.size(), model.size());
  for (const auto& [key, item] : model) {
    ASSERT_EQ(table.find(bytes_of(key), item->hash), item) << "key " << key;
  }
  std::size_t seen = 0;
  table.for_each([&](Item* item) {
    ++seen;
    ASSERT_EQ(model.at(item->key), item);
  });
  ASSERT_EQ(seen, model.size());
}

// Drives a table and a model with the same random operations; more insertions than removals
// while it rises, fewer while it falls.
class Duel {
 public:
  explicit Duel(std::uint64_t seed) : rng_(seed) {}

  void run(std::size_t operations, double share_of_inserts) {
    for (std::size_t i = 0; i < operations; ++i) {
      if (rng_.unit() < share_of_inserts || live_.empty()) {
        insert();
      } else if (rng_.below(8) == 0) {
        replace(pick());
      } else {
        erase(pick());
      }
    }
  }
  void check() { expect_same(table_, model_); }
  void drain() {
    while (!live_.empty()) erase(live_.size() - 1);
  }
  ItemTable& table() { return table_; }

 private:
  std::size_t pick() { return rng_.below(live_.size()); }

  void insert() {
    Item* item = items_.add();
    ASSERT_EQ(find(table_, *item), nullptr);
    table_.insert(item, item->hash);
    model_[item->key] = item;
    live_.push_back(item);
  }
  void erase(std::size_t at) {
    Item* item = live_[at];
    if (item->key % 2 == 0) {
      ASSERT_EQ(testing::erase(table_, *item), item);
    } else {
      ASSERT_TRUE(table_.erase(item, item->hash));
    }
    ASSERT_FALSE(table_.contains(item, item->hash));
    model_.erase(item->key);
    live_[at] = live_.back();
    live_.pop_back();
  }
  void replace(std::size_t at) {
    Item* from = live_[at];
    Item* to = items_.add(from->hash);
    to->key = from->key;
    if (from->key % 2 == 0) {
      ASSERT_TRUE(table_.replace(from, to, from->hash));
    } else {
      const ItemTable::Slot slot = table_.find_slot(bytes_of(from->key), from->hash);
      ASSERT_EQ(slot.element(), from);
      slot.replace(to);
    }
    model_[to->key] = to;
    live_[at] = to;
  }

  base::Rng rng_;
  Items items_;
  ItemTable table_;
  std::unordered_map<std::uint64_t, Item*> model_;
  std::vector<Item*> live_;
};

TEST(Table, AgreesWithAModelThroughGrowthAndShrink) {
  Duel duel(7);
  for (const double share : {0.8, 0.3, 0.95, 0.2, 0.9, 0.05}) {
    for (int round = 0; round < 4; ++round) {
      duel.run(15'000, share);
      duel.check();
    }
  }
  duel.drain();
  duel.check();
  EXPECT_EQ(duel.table().bytes(), 0U);
}

TEST(Table, AgreesWithAModelAtEverySmallSize) {
  Duel duel(11);
  for (int round = 0; round < 400; ++round) {
    duel.run(20, round % 100 < 60 ? 0.7 : 0.2);
    duel.check();
  }
}

TEST(Table, FindsNothingWhenEmpty) {
  ItemTable table;
  base::Rng rng(1);
  EXPECT_EQ(table.find("absent", 0), nullptr);
  EXPECT_EQ(table.prefetch_candidate(0), nullptr);
  EXPECT_EQ(table.erase("absent", 0), nullptr);
  EXPECT_EQ(table.random(rng), nullptr);
  EXPECT_EQ(table.scan(0, [](Item*) { FAIL(); }), 0U);
  EXPECT_EQ(table.bytes(), 0U);
}

TEST(Table, DistinguishesKeysOfEqualHash) {
  const std::int64_t before = memory::balance(memory::Owner::table);
  {
    Items items;
    ItemTable table;
    for (int i = 0; i < 20'000; ++i) items.add();
    for (int i = 0; i < 1000; ++i) items.add(0xfeedfacecafebeef);
    for (std::size_t i = 0; i < items.size(); i += 2) table.insert(&items[i], items[i].hash);
    for (std::size_t i = 1; i < items.size(); i += 2) table.insert(&items[i], items[i].hash);
    for (std::size_t i = 0; i < items.size(); ++i) ASSERT_EQ(find(table, items[i]), &items[i]);
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i % 3 == 0) continue;
      ASSERT_EQ(erase(table, items[i]), &items[i]);
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
      ASSERT_EQ(find(table, items[i]), i % 3 == 0 ? &items[i] : nullptr);
    }
  }
  EXPECT_EQ(memory::balance(memory::Owner::table), before);
}

TEST(Table, WorksWhenAllHashesAreEqual) {
  for (const std::uint64_t hash : {std::uint64_t{0}, ~std::uint64_t{0}}) {
    Items items;
    ItemTable table;
    for (int i = 0; i < 3000; ++i) {
      Item* item = items.add(hash);
      table.insert(item, hash);
    }
    for (std::size_t i = 0; i < items.size(); i += 7) ASSERT_EQ(find(table, items[i]), &items[i]);
    for (std::size_t i = 0; i < items.size(); ++i) ASSERT_EQ(erase(table, items[i]), &items[i]);
    EXPECT_EQ(table.bytes(), 0U);
  }
}

TEST(Table, ItsFootprintAgreesWithTheLedgerAndIsFreed) {
  const std::int64_t before = memory::balance(memory::Owner::table);
  {
    Items items;
    ItemTable table;
    for (int i = 0; i < 100'000; ++i) {
      Item* item = items.add();
      table.insert(item, item->hash);
      if (i % 997 == 0) {
        const std::int64_t held = memory::balance(memory::Owner::table) - before;
        ASSERT_EQ(held, static_cast<std::int64_t>(table.bytes()));
      }
    }
  }
  EXPECT_EQ(memory::balance(memory::Owner::table), before);
}

TEST(Table, KeepsItsElementsWhenItMoves) {
  for (const int size : {0, 3, 200, 5000, 30'000}) {
    Items items;
    ItemTable first;
    for (int i = 0; i < size; ++i) insert(first, items.add());
    ItemTable second(std::move(first));
    EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): promised to be empty
    std::swap(first, second);
    for (int i = 0; i < size; ++i) ASSERT_EQ(find(first, items[i]), &items[i]);
    EXPECT_EQ(first.size(), static_cast<std::size_t>(size));
    Item* late = items.add();
    second.insert(late, late->hash);
    EXPECT_EQ(find(second, *late), late);
  }
}

TEST(Table, IsFreedWithinABudget) {
  // A clock that advances at each reading, so that a budget ends without time passing.
  class Ticking final : public base::Clock {
   public:
    void tick() override {}
    std::int64_t steady_now_us() const override { return ++now_; }

   private:
    mutable std::int64_t now_ = 0;
  };
  const Ticking clock;
  for (const int size : {0, 5, 1000, 40'000}) {
    Items items;
    ItemTable table;
    for (int i = 0; i < size; ++i) insert(table, items.add());
    std::vector<int> seen(items.size());
    std::size_t most_at_once = 0;
    for (bool empty = false; !empty;) {
      base::Budget budget(clock, 3);
      std::size_t at_once = 0;
      empty = table.clear_some(budget, [&](Item* item) {
        ++seen[item->key];
        ++at_once;
      });
      most_at_once = std::max(most_at_once, at_once);
    }
    EXPECT_LE(most_at_once, 3U * 56);
    EXPECT_TRUE(std::all_of(seen.begin(), seen.end(), [](int times) { return times == 1; }));
    EXPECT_EQ(table.bytes(), 0U);
    insert(table, items.add(1));
    EXPECT_EQ(find(table, items[size]), &items[size]);
  }
}

TEST(Table, CanBeDestroyedHalfFreed) {
  const std::int64_t before = memory::balance(memory::Owner::table);
  {
    base::ManualClock clock;
    Items items;
    ItemTable table;
    for (int i = 0; i < 5000; ++i) insert(table, items.add());
    base::Budget budget(clock, 0);
    EXPECT_FALSE(table.clear_some(budget, [](Item*) {}));
    EXPECT_LT(table.size(), 5000U);
  }
  EXPECT_EQ(memory::balance(memory::Owner::table), before);
}

TEST(Table, PrefetchesTheCandidateBeforeItIsRead) {
  Items items;
  ItemTable table;
  for (int i = 0; i < 10'000; ++i) insert(table, items.add());
  int other = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    table.prefetch(items[i].hash);
    const Item* candidate = table.prefetch_candidate(items[i].hash);
    ASSERT_NE(candidate, nullptr);
    other += candidate != &items[i];
  }
  EXPECT_LE(other, 3);
}

TEST(Table, DescribesItsShape) {
  Items items;
  ItemTable table;
  for (int i = 0; i < 50'000; ++i) insert(table, items.add());
  const TableStats stats = table.stats();
  std::uint64_t placed = 0;
  for (const std::uint64_t count : stats.at_distance) placed += count;
  EXPECT_EQ(placed, 50'000U);
  EXPECT_EQ(stats.slots, stats.buckets * 7);
  EXPECT_EQ(stats.slots, table.slots());
  EXPECT_GT(stats.at_distance[0], 35'000U);
}

}  // namespace
}  // namespace larder::types::testing
