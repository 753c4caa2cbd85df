#include "larder/eviction/policy.h"

#include <set>

#include "tests/eviction/world.h"

namespace larder::eviction {
namespace {

// Keys 0..99, stored one per second. Keys with an even number have a deadline; a smaller number
// has a later deadline.
struct Hundred : World {
  Hundred() {
    for (std::size_t i = 0; i < 100; ++i) {
      clock.advance_ms(1000);
      const auto deadline = clock.unix_ms() + 1'000'000 - static_cast<std::int64_t>(i) * 5'000;
      if (i % 2 == 0) {
        put_until(name_of(i), deadline);
      } else {
        put(name_of(i));
      }
    }
  }

  std::set<std::size_t> gone() const {
    std::set<std::size_t> numbers;
    for (std::size_t i = 0; i < 100; ++i) {
      if (!has(name_of(i))) numbers.insert(i);
    }
    return numbers;
  }
};

TEST(Policy, AllEightHaveNames) {
  World world;
  for (const char* name : {"noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-random",
                           "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"}) {
    world.policy(name);
    EXPECT_EQ(world.evictor.policy(), Policy::named(name));
    EXPECT_EQ(world.info("maxmemory_policy"), name);
  }
}

TEST(Policy, NoEvictionChoosesNoKey) {
  Hundred world;
  world.ask_for(10);
  EXPECT_EQ(world.make_room(), Room::none);
  EXPECT_TRUE(world.gone().empty());
}

TEST(Policy, AllKeysLruChoosesTheLeastRecentlyUsed) {
  Hundred world;
  world.set("maxmemory-samples", "200");
  world.policy("allkeys-lru");
  world.use(name_of(0));
  world.use(name_of(3));
  world.ask_for(10);
  EXPECT_EQ(world.make_room(), Room::enough);
  const auto gone = world.gone();
  EXPECT_GE(gone.size(), 8u);
  EXPECT_LE(*gone.rbegin(), 20u);
  EXPECT_EQ(gone.count(0) + gone.count(3), 0u);
  EXPECT_EQ(gone.size(), world.metrics.evicted_keys.value());
}

TEST(Policy, VolatileLruChoosesOnlyKeysWithADeadline) {
  Hundred world;
  world.set("maxmemory-samples", "200");
  world.policy("volatile-lru");
  world.ask_for(10);
  EXPECT_EQ(world.make_room(), Room::enough);
  const auto gone = world.gone();
  EXPECT_GE(gone.size(), 8u);
  EXPECT_LE(*gone.rbegin(), 40u);
  for (const std::size_t i : gone) EXPECT_EQ(i % 2, 0u);
}

TEST(Policy, VolatileTtlChoosesTheEarliestDeadline) {
  Hundred world;
  world.set("maxmemory-samples", "200");
  world.policy("volatile-ttl");
  world.ask_for(10);
  EXPECT_EQ(world.make_room(), Room::enough);
  const auto gone = world.gone();
  EXPECT_GE(gone.size(), 8u);
  EXPECT_GE(*gone.begin(), 60u);
  for (const std::size_t i : gone) EXPECT_EQ(i % 2, 0u);
}

TEST(Policy, AllKeysLfuChoosesTheLeastFrequentlyUsed) {
  World world;
  world.set("maxmemory-samples", "200");
  world.policy("allkeys-lfu");
  for (std::size_t i = 0; i < 100; ++i) world.put(name_of(i));
  for (std::size_t i = 0; i < 50; ++i) {
    for (int times = 0; times < 50; ++times) world.use(name_of(i));
  }
  world.ask_for(20);
  EXPECT_EQ(world.make_room(), Room::enough);
  for (std::size_t i = 0; i < 50; ++i) EXPECT_TRUE(world.has(name_of(i)));
  EXPECT_LE(world.keyspace.size(), 85u);
}

TEST(Policy, VolatileLfuChoosesTheLeastFrequentlyUsedWithADeadline) {
  World world;
  world.set("maxmemory-samples", "200");
  world.policy("volatile-lfu");
  const std::int64_t later = world.clock.unix_ms() + 1'000'000;
  for (std::size_t i = 0; i < 60; ++i) world.put_until(name_of(i), later);
  for (std::size_t i = 60; i < 100; ++i) world.put(name_of(i));
  for (std::size_t i = 0; i < 30; ++i) {
    for (int times = 0; times < 50; ++times) world.use(name_of(i));
  }
  world.ask_for(15);
  EXPECT_EQ(world.make_room(), Room::enough);
  for (std::size_t i = 0; i < 30; ++i) EXPECT_TRUE(world.has(name_of(i)));
  for (std::size_t i = 60; i < 100; ++i) EXPECT_TRUE(world.has(name_of(i)));
  EXPECT_LE(world.keyspace.size(), 90u);
}

TEST(Policy, RandomChoosesFromTheWholeTable) {
  Hundred world;
  world.policy("allkeys-random");
  world.ask_for(40);
  EXPECT_EQ(world.make_room(), Room::enough);
  const auto gone = world.gone();
  EXPECT_GT(gone.size(), 30u);
  EXPECT_LT(*gone.begin(), 20u);
  EXPECT_GT(*gone.rbegin(), 80u);
}

TEST(Policy, VolatileRandomSkipsKeysWithoutADeadline) {
  Hundred world;
  world.policy("volatile-random");
  world.limit(1);
  EXPECT_EQ(world.make_room(), Room::none);
  EXPECT_EQ(world.keyspace.size(), 50u);
  EXPECT_EQ(world.db().volatile_size(), 0u);
}

TEST(Policy, VolatilePoliciesFailWithoutKeysWithADeadline) {
  for (const char* name : {"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"}) {
    World world;
    for (std::size_t i = 0; i < 50; ++i) world.put(name_of(i));
    world.policy(name);
    world.limit(1);
    EXPECT_EQ(world.make_room(), Room::none);
    EXPECT_EQ(world.keyspace.size(), 50u);
    EXPECT_EQ(world.metrics.evicted_keys.value(), 0u);
  }
}

}  // namespace
}  // namespace larder::eviction
