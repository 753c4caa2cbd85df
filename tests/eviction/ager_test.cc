#include "larder/eviction/ager.h"

#include "tests/eviction/world.h"

namespace larder::eviction {
namespace {

constexpr std::int64_t kHourMs = 3600 * 1000;

TEST(Ager, KeepsIdleTimesCorrectWithoutEviction) {
  World world;
  for (std::size_t i = 0; i < 1000; ++i) world.put(name_of(i), 10, i % 4);
  // A fine stamp alone would wrap after 9.3 hours.
  const int minutes = 30 * 60;
  for (int i = 0; i < minutes; ++i) {
    world.clock.advance_ms(60'000);
    world.evictor.ager().run(base::Budget::unlimited());
  }
  for (std::size_t i = 0; i < 1000; ++i) {
    const auto& db = world.keyspace.db(i % 4);
    const auto* entry = db.entries().find(name_of(i), keyspace::Key::of(name_of(i)).hash);
    ASSERT_NE(entry, nullptr);
    ASSERT_NEAR(static_cast<double>(world.keyspace.access().idle_ms(*entry)), 30.0 * kHourMs,
                8192.0);
  }
}

TEST(Ager, WalksNoFasterThanNecessary) {
  World world;
  for (std::size_t i = 0; i < 7200; ++i) world.put(name_of(i), 10);
  world.clock.advance_ms(keyspace::LruStamp::kFineMs + 1000);
  world.evictor.ager().run(base::Budget::unlimited());
  const auto coarse = [&world] {
    std::size_t count = 0;
    world.db().entries().for_each(
        [&](const keyspace::Entry* entry) { count += entry->access() >> 23; });
    return count;
  };
  EXPECT_EQ(coarse(), 0u);
  // A walk takes two hours: one key a second here.
  for (int i = 0; i < 600; ++i) {
    world.clock.advance_ms(100);
    world.evictor.ager().run(base::Budget::unlimited());
  }
  EXPECT_GT(coarse(), 40u);
  EXPECT_LT(coarse(), 90u);
}

TEST(Ager, RestartsEachKeyOnce) {
  WorldOn<CostlyClock> world(100);
  for (std::size_t i = 0; i < 3000; ++i) world.put(name_of(i), 10, i % 2);
  world.policy("allkeys-lfu");
  Ager& ager = world.evictor.ager();
  ASSERT_TRUE(ager.is_restarting());
  std::size_t behind = 0;
  for (std::size_t i = 0; i < 3000; ++i) {
    const keyspace::Database& db = world.db(i % 2);
    const std::string name = name_of(i);
    const auto key = keyspace::Key::of(name);
    const auto* entry = db.entries().find(name, key.hash);
    const bool is_new = world.keyspace.access().frequency(*entry) == keyspace::LfuCounter::kStart;
    const bool is_behind = ager.has_old_bits(db, key.hash);
    EXPECT_TRUE(is_new || is_behind) << i;
    behind += is_behind ? 1 : 0;
  }
  EXPECT_GT(behind, 1500u);
  EXPECT_LT(behind, 3000u);
  while (ager.is_restarting()) ager.run(base::Budget::unlimited());
  EXPECT_FALSE(ager.has_old_bits(world.db(), keyspace::Key::of(name_of(0)).hash));
}

TEST(Ager, StopsWhenTheBudgetIsSpent) {
  WorldOn<CostlyClock> world(100);
  for (std::size_t i = 0; i < 5000; ++i) world.put(name_of(i), 10);
  world.policy("allkeys-lfu");
  EXPECT_TRUE(world.evictor.ager().is_restarting());
  int calls = 0;
  while (world.evictor.ager().is_restarting()) {
    world.evictor.ager().run(base::Budget(world.clock, 500));
    ASSERT_LT(++calls, 1000);
  }
  EXPECT_GT(calls, 20);
}

TEST(Ager, RestartsAllEntriesWhenThePolicyChangesToLfuAndBack) {
  World world;
  for (std::size_t i = 0; i < 500; ++i) {
    world.clock.advance_ms(997);
    world.put(name_of(i), 10, i % 2);
  }
  // In steps so small that no lookup reads the old bits.
  world.policy("volatile-lfu");
  EXPECT_FALSE(world.evictor.ager().is_restarting());
  for (std::size_t i = 0; i < 500; ++i) {
    const auto* entry =
        world.db(i % 2).entries().find(name_of(i), keyspace::Key::of(name_of(i)).hash);
    ASSERT_EQ(world.keyspace.access().frequency(*entry), keyspace::LfuCounter::kStart);
  }
  world.policy("allkeys-lru");
  world.evictor.ager().run(base::Budget::unlimited());
  world.clock.advance_ms(40);
  for (std::size_t i = 0; i < 500; ++i) {
    const auto* entry =
        world.db(i % 2).entries().find(name_of(i), keyspace::Key::of(name_of(i)).hash);
    ASSERT_EQ(world.keyspace.access().idle_ms(*entry), 40);
  }
}

TEST(Ager, KeepsAccessBitsBetweenPoliciesOfOneKind) {
  World world;
  world.put("k");
  world.clock.advance_ms(5000);
  for (const char* name : {"allkeys-lru", "volatile-ttl", "allkeys-random", "noeviction"}) {
    world.policy(name);
    EXPECT_FALSE(world.evictor.ager().is_restarting());
  }
  const auto* entry = world.db().entries().find("k", keyspace::Key::of("k").hash);
  EXPECT_EQ(world.keyspace.access().idle_ms(*entry), 5000);
}

TEST(Ager, EvictionContinuesWhileAccessBitsAreRestarted) {
  WorldOn<CostlyClock> world(100);
  for (std::size_t i = 0; i < 2000; ++i) world.put(name_of(i));
  world.policy("allkeys-lfu");
  world.ask_for(100);
  EXPECT_EQ(world.make_room(), Room::enough);
  EXPECT_TRUE(world.evictor.ager().is_restarting());
  EXPECT_GT(world.metrics.evicted_keys.value(), 50u);
}

}  // namespace
}  // namespace larder::eviction
