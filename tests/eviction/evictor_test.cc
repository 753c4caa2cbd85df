#include "larder/eviction/evictor.h"

#include "tests/eviction/world.h"

namespace larder::eviction {
namespace {

TEST(Evictor, IsNeverOverALimitOfZero) {
  World world;
  world.put("k");
  EXPECT_FALSE(world.evictor.over_limit());
  EXPECT_EQ(world.make_room(), Room::enough);
}

TEST(Evictor, EvictsUntilMemoryIsUnderTheLimit) {
  World world;
  world.policy("allkeys-lru");
  for (std::size_t i = 0; i < 5000; ++i) world.put(name_of(i));
  world.limit(world.evictor.counted_bytes() - 300'000);
  EXPECT_TRUE(world.evictor.over_limit());
  EXPECT_EQ(world.make_room(), Room::enough);
  EXPECT_FALSE(world.evictor.over_limit());
  EXPECT_LE(world.evictor.counted_bytes(),
            static_cast<std::uint64_t>(world.settings.maxmemory.value()));
  EXPECT_GT(world.keyspace.size(), 2500u);
}

TEST(Evictor, EmptiesTheKeyspaceBeforeItGivesUp) {
  World world;
  world.policy("allkeys-lfu");
  for (std::size_t i = 0; i < 500; ++i) world.put(name_of(i), 100, i % 3);
  world.limit(1);
  EXPECT_EQ(world.make_room(), Room::none);
  EXPECT_EQ(world.keyspace.size(), 0u);
  EXPECT_EQ(world.metrics.evicted_keys.value(), 500u);
}

TEST(Evictor, EvictsFromAllDatabasesInProportionToTheirSize) {
  World world;
  world.policy("allkeys-random");
  for (std::size_t i = 0; i < 3000; ++i) world.put(name_of(i), 100, i % 3 == 0 ? 2 : 9);
  world.ask_for(1500);
  EXPECT_EQ(world.make_room(), Room::enough);
  EXPECT_NEAR(static_cast<double>(world.db(9).size()),
              2.0 * static_cast<double>(world.db(2).size()), 200.0);
}

TEST(Evictor, LoweringTheLimitEvictsInBoundedSteps) {
  WorldOn<CostlyClock> world(100);
  world.policy("allkeys-lru");
  for (std::size_t i = 0; i < 4000; ++i) world.put(name_of(i));
  world.limit(world.evictor.counted_bytes() / 4);
  int steps = 0;
  std::size_t before = world.keyspace.size();
  for (Room room = Room::working; room == Room::working; ++steps) {
    room = world.evictor.make_room(world.evictor.budget());
    // 500 us at 100 us for each clock reading, with 8 victims between two readings.
    EXPECT_LE(before - world.keyspace.size(), 48u);
    before = world.keyspace.size();
    ASSERT_LT(steps, 1000);
  }
  EXPECT_GT(steps, 20);
  EXPECT_FALSE(world.evictor.over_limit());
  EXPECT_GT(world.keyspace.size(), 0u);
}

TEST(Evictor, TenacitySetsTheBudget) {
  WorldOn<CostlyClock> world(1);
  const auto looks = [&world](const char* tenacity) {
    world.set("maxmemory-eviction-tenacity", tenacity);
    base::Budget budget = world.evictor.budget();
    int count = 1;
    while (!budget.spent() && count < 1'000'000) ++count;
    return count;
  };
  EXPECT_EQ(looks("0"), 1);
  EXPECT_EQ(looks("1"), 50);
  EXPECT_EQ(looks("10"), 500);
  EXPECT_EQ(looks("11"), 575);
  EXPECT_NEAR(looks("50"), 500 * 267.86, 50);
  EXPECT_EQ(looks("100"), 1'000'000);
}

void expect_counted(const Evictor& evictor, memory::Owner owner, std::uint64_t counted) {
  const std::uint64_t before = evictor.counted_bytes();
  memory::charge(owner, 1'000'000);
  EXPECT_EQ(evictor.counted_bytes(), before + counted) << memory::name(owner);
  memory::charge(owner, -1'000'000);
}

TEST(Evictor, ExcludesMemoryThatEvictionCannotFree) {
  World world;
  for (const auto owner :
       {memory::Owner::replicas, memory::Owner::journal, memory::Owner::snapshot}) {
    expect_counted(world.evictor, owner, 0);
  }
  expect_counted(world.evictor, memory::Owner::scripts, 1'000'000);
}

TEST(Evictor, CountsClientsWithAndWithoutAShare) {
  World world;
  constexpr std::array kOfClients = {memory::Owner::client_input, memory::Owner::client_output,
                                     memory::Owner::pubsub, memory::Owner::tracking};
  for (const auto owner : kOfClients) expect_counted(world.evictor, owner, 1'000'000);
  world.set("maxmemory-clients", "0");
  for (const auto owner : kOfClients) expect_counted(world.evictor, owner, 1'000'000);
}

TEST(Evictor, UnfreedBytesDoNotCauseMoreEviction) {
  World world;
  world.policy("allkeys-lru");
  for (std::size_t i = 0; i < 1000; ++i) world.put(name_of(i));
  const std::uint64_t half = world.evictor.counted_bytes();
  for (std::size_t i = 1000; i < 2000; ++i) world.put(name_of(i));
  world.limit(half + 20'000);
  for (std::size_t i = 1000; i < 2000; ++i) {
    world.db().erase(keyspace::Key::of(name_of(i)));
  }
  EXPECT_FALSE(world.keyspace.graveyard().empty());
  EXPECT_EQ(world.make_room(), Room::enough);
  EXPECT_EQ(world.metrics.evicted_keys.value(), 0u);
}

TEST(Evictor, FreesFlushedTablesBeforeItEvicts) {
  WorldOn<CostlyClock> world(100);
  world.policy("allkeys-lru");
  for (std::size_t i = 0; i < 3000; ++i) world.put(name_of(i), 100, 1);
  for (std::size_t i = 0; i < 100; ++i) world.put(name_of(i));
  world.limit(world.evictor.counted_bytes() / 2);
  world.keyspace.flush(1);
  int steps = 0;
  while (world.evictor.make_room(world.evictor.budget()) == Room::freeing) ++steps;
  EXPECT_GT(steps, 0);
  EXPECT_EQ(world.metrics.evicted_keys.value(), 0u);
  EXPECT_EQ(world.db().size(), 100u);
}

// The lists are kept for the next removed value and are never freed.
TEST(Evictor, ExcludesTheOwnMemoryOfAnEmptyGraveyard) {
  World world;
  for (std::size_t i = 0; i < 500; ++i) world.put(name_of(i));
  for (std::size_t i = 0; i < 500; ++i) world.db().erase(keyspace::Key::of(name_of(i)));
  EXPECT_LT(world.evictor.counted_bytes(), memory::used_bytes());
  while (!world.keyspace.graveyard().drain(base::Budget::unlimited())) {
  }
  ASSERT_GT(keyspace::Graveyard::bytes(), 0);
  EXPECT_EQ(world.evictor.counted_bytes(), memory::used_bytes());
  EXPECT_EQ(world.evictor.bytes_without_removed(), memory::used_bytes());
}

TEST(Evictor, CountsUnfreedBytesAboveTheAllowance) {
  World world;
  world.put("k");
  world.db().erase(keyspace::Key::of("k"));
  const auto waits = static_cast<std::uint64_t>(keyspace::Graveyard::bytes());
  const auto counted_of = [&world](std::int64_t buried) {
    const std::uint64_t before = world.evictor.counted_bytes();
    memory::charge(memory::Owner::graveyard, buried);
    const std::uint64_t counted = world.evictor.counted_bytes() - before;
    memory::charge(memory::Owner::graveyard, -buried);
    return counted;
  };
  constexpr std::uint64_t kLeast = keyspace::Graveyard::kMostWaiting;
  EXPECT_EQ(counted_of(500'000), 0u);
  EXPECT_EQ(counted_of(10'000'000), 10'000'000 + waits - kLeast);
  world.limit(std::uint64_t{200} << 20);
  EXPECT_EQ(counted_of(10'000'000), 10'000'000 + waits - (1 << 20));
  world.limit(std::uint64_t{200} << 30);
  EXPECT_EQ(counted_of(10'000'000), 10'000'000 + waits - (2 << 20));
}

TEST(Evictor, FreesRemovedValuesInStepsWithoutEviction) {
  WorldOn<CostlyClock> world(100);
  for (const char* policy : {"allkeys-lru", "noeviction"}) {
    world.policy(policy);
    for (std::size_t i = 0; i < 10'000; ++i) world.put(name_of(i), 300);
    const std::uint64_t full = world.evictor.counted_bytes();
    for (std::size_t i = 0; i < 9'000; ++i) world.db().erase(keyspace::Key::of(name_of(i)));
    world.limit(full - 1'500'000);
    int steps = 0;
    while (world.evictor.make_room(world.evictor.budget()) == Room::freeing) ++steps;
    EXPECT_GT(steps, 1);
    EXPECT_FALSE(world.evictor.over_limit());
    EXPECT_EQ(world.metrics.evicted_keys.value(), 0u);
    EXPECT_EQ(world.db().size(), 1000u);
    world.limit(0);
  }
}

TEST(Evictor, MakesRoomForACommandOfKnownSize) {
  World world;
  world.policy("allkeys-lru");
  for (std::size_t i = 0; i < 5000; ++i) world.put(name_of(i));
  world.limit(world.evictor.counted_bytes() + 10'000);
  EXPECT_EQ(world.make_room_for({.more = 5000}), Room::enough);
  EXPECT_EQ(world.keyspace.size(), 5000u);
  EXPECT_EQ(world.make_room_for({.more = 200'000}), Room::enough);
  EXPECT_LT(world.keyspace.size(), 4500u);
  EXPECT_LE(world.evictor.counted_bytes() + 200'000,
            static_cast<std::uint64_t>(world.settings.maxmemory.value()));
}

TEST(Evictor, EvictsNothingForARequestThatCannotFit) {
  World world;
  world.policy("allkeys-lru");
  for (std::size_t i = 0; i < 5000; ++i) world.put(name_of(i));
  const std::uint64_t limit = world.evictor.counted_bytes() + 10'000;
  world.limit(limit);
  EXPECT_EQ(world.make_room_for({.more = limit}), Room::none);
  EXPECT_EQ(world.make_room_for({.more = 100'000, .kept = limit - 50'000}), Room::none);
  world.policy("volatile-lru");
  EXPECT_EQ(world.make_room_for({.more = 20'000}), Room::none);
  world.policy("noeviction");
  EXPECT_EQ(world.make_room_for({.more = 20'000}), Room::none);
  EXPECT_EQ(world.keyspace.size(), 5000u);
}

// Keys without a deadline are not evicted, so the sizes of those with a deadline decide.
TEST(Evictor, EvictsNothingIfTheEvictableKeysAreTooSmall) {
  World world;
  world.policy("volatile-lru");
  for (std::size_t i = 0; i < 5000; ++i) world.put(name_of(i));
  for (std::size_t i = 0; i < 1000; ++i) {
    world.put_until("volatile:" + name_of(i), world.clock.unix_ms() + 1'000'000);
  }
  world.limit(world.evictor.counted_bytes() + 10'000);
  EXPECT_EQ(world.make_room_for({.more = 500'000}), Room::none);
  EXPECT_EQ(world.metrics.evicted_keys.value(), 0u);
  EXPECT_EQ(world.make_room_for({.more = 50'000}), Room::enough);
  EXPECT_GT(world.metrics.evicted_keys.value(), 0u);
  EXPECT_GT(world.db().volatile_size(), 500u);
}

// For any number of keys, without a visit to them.
TEST(Evictor, KnowsTheBytesOfKeysWithADeadline) {
  World world;
  world.policy("volatile-ttl");
  world.put("large", 2'000'000);
  const std::int64_t later = world.clock.unix_ms() + 1'000'000;
  for (std::size_t i = 0; i < 20'000; ++i) world.put_until(name_of(i), later);
  const std::uint64_t small = world.db().volatile_bytes();
  EXPECT_TRUE(world.evictor.may_free(small));
  EXPECT_FALSE(world.evictor.may_free(small + 1'500'000)) << "although the large key has more";
  EXPECT_FALSE(world.evictor.may_free(100'000'000));
  const keyspace::Key large = keyspace::Key::of("large");
  keyspace::Entry* entry = world.db().look(large, keyspace::Look::write);
  entry = world.db().expire_at(large, entry, later);
  EXPECT_TRUE(world.evictor.may_free(small + 1'500'000));
  world.db().persist(large, entry);
  EXPECT_EQ(world.db().volatile_bytes(), small);
  for (std::size_t i = 0; i < 19'000; ++i) world.db().erase(keyspace::Key::of(name_of(i)));
  EXPECT_FALSE(world.evictor.may_free(small / 2));
  EXPECT_TRUE(world.evictor.may_free(small / 20));
}

// The bytes of a flushed database count as used memory until they are freed.
TEST(Evictor, FreesAFlushedDatabaseInSlicesForACommandOfKnownSize) {
  for (const char* policy : {"noeviction", "allkeys-lru", "volatile-lru"}) {
    WorldOn<CostlyClock> world(100);
    world.policy(policy);
    for (std::size_t i = 0; i < 3000; ++i) world.put(name_of(i), 300, 1);
    for (std::size_t i = 0; i < 100; ++i) world.put(name_of(i), 300, 2);
    world.limit(world.evictor.counted_bytes() + 10'000);
    world.keyspace.flush(1);
    const auto ask = [&world] {
      return world.evictor.make_room_for({.more = 900'000}, world.evictor.budget());
    };
    int steps = 0;
    Room room = ask();
    for (; room == Room::freeing; room = ask()) ++steps;
    EXPECT_GT(steps, 5) << policy;
    EXPECT_EQ(room, Room::enough) << policy;
    EXPECT_EQ(world.metrics.evicted_keys.value(), 0u) << policy;
    EXPECT_EQ(world.db(2).size(), 100u) << policy;
  }
}

TEST(Evictor, EvictsNothingIfFreeingAFlushedDatabaseDoesNotSuffice) {
  World world;
  world.policy("allkeys-lru");
  for (std::size_t i = 0; i < 3000; ++i) world.put(name_of(i), 300, 1);
  for (std::size_t i = 0; i < 1000; ++i) world.put(name_of(i), 300, 2);
  const std::uint64_t limit = world.evictor.counted_bytes() + 10'000;
  world.limit(limit);
  world.keyspace.flush(1);
  const std::uint64_t kept = 700'000;
  EXPECT_EQ(world.make_room_for({.more = 800'000, .kept = kept}), Room::none);
  EXPECT_EQ(world.metrics.evicted_keys.value(), 0u);
  EXPECT_EQ(world.db(2).size(), 1000u);
}

TEST(Evictor, ReportsHowMuchMemoryCanGrow) {
  World world;
  EXPECT_EQ(world.evictor.most_growth(), std::numeric_limits<std::uint64_t>::max());
  for (std::size_t i = 0; i < 1000; ++i) world.put(name_of(i), 300);
  const std::uint64_t full = world.evictor.counted_bytes();
  world.limit(full + 10'000);
  EXPECT_EQ(world.evictor.most_growth(), 10'000u);
  world.policy("allkeys-lru");
  EXPECT_GT(world.evictor.most_growth(), 300'000u);
  world.limit(1);
  world.policy("noeviction");
  EXPECT_EQ(world.evictor.most_growth(), 0u);
}

TEST(Evictor, RemovesExpiredKeysFirstAndCountsThemAsExpired) {
  World world;
  world.policy("allkeys-lru");
  world.set("maxmemory-samples", "100");
  for (std::size_t i = 0; i < 20; ++i) {
    world.clock.advance_ms(1000);
    world.put(name_of(i));
  }
  world.put_until("fleeting", world.clock.unix_ms() + 10);
  world.clock.advance_ms(20);
  world.ask_for(1);
  world.limit(world.evictor.counted_bytes() - 1);
  EXPECT_EQ(world.make_room(), Room::enough);
  EXPECT_FALSE(world.has("fleeting"));
  EXPECT_EQ(world.keyspace_metrics.expired_keys.value(), 1u);
  EXPECT_EQ(world.metrics.evicted_keys.value(), 0u);
}

TEST(Evictor, RecordsEvictionsWithTheirCause) {
  World world;
  world.keyspace.log().listen();
  world.policy("allkeys-random");
  world.put("k", 100, 3);
  world.keyspace.log().clear();
  world.limit(world.evictor.counted_bytes() - 1);
  EXPECT_EQ(world.make_room(), Room::enough);
  ASSERT_EQ(world.keyspace.log().entries().size(), 1u);
  const keyspace::Change change = world.keyspace.log().entries()[0];
  EXPECT_EQ(change.cause, keyspace::Cause::evicted);
  EXPECT_EQ(change.event, keyspace::Event::evicted);
  EXPECT_EQ(change.key, "k");
  EXPECT_EQ(change.db, 3);
}

TEST(Evictor, SkipsCandidatesThatWereUsedAfterSampling) {
  World world;
  world.policy("allkeys-lru");
  world.set("maxmemory-samples", "300");
  for (std::size_t i = 0; i < 100; ++i) {
    world.clock.advance_ms(1000);
    world.put(name_of(i));
  }
  // The first round fills the pool with the oldest keys; they are used before the next round.
  world.limit(world.evictor.counted_bytes() - 1);
  EXPECT_EQ(world.make_room(), Room::enough);
  world.clock.advance_ms(1000);
  for (std::size_t i = 0; i < 50; ++i) world.use(name_of(i));
  world.ask_for(20);
  EXPECT_EQ(world.make_room(), Room::enough);
  std::size_t used_and_gone = 0;
  for (std::size_t i = 0; i < 50; ++i) used_and_gone += world.has(name_of(i)) ? 0 : 1;
  EXPECT_LE(used_and_gone, 1u);
}

TEST(Evictor, DropsCandidatesOfAFlushedDatabase) {
  World world;
  world.policy("allkeys-lru");
  for (std::size_t i = 0; i < 200; ++i) world.put(name_of(i), 100, 1);
  world.ask_for(5);
  EXPECT_EQ(world.make_room(), Room::enough);
  world.keyspace.flush(1);
  world.keyspace.graveyard().drain(base::Budget::unlimited());
  world.put("new");
  world.limit(world.evictor.counted_bytes() - 1);
  EXPECT_EQ(world.make_room(), Room::enough);
  EXPECT_EQ(world.keyspace.size(), 0u);
}

TEST(Evictor, AgesTheAccessStampsOfSampledKeys) {
  World world;
  world.policy("allkeys-lru");
  world.set("maxmemory-samples", "100");
  world.put("oldest");
  world.clock.advance_ms(8192);
  world.put("old");
  world.clock.advance_ms(keyspace::LruStamp::kFineMs + 60'000);
  const auto* old = world.db().entries().find("old", keyspace::Key::of("old").hash);
  const std::uint32_t fine = old->access();
  const std::int64_t idle = world.keyspace.access().idle_ms(*old);
  world.limit(world.evictor.counted_bytes() - 1);
  EXPECT_EQ(world.make_room(), Room::enough);
  ASSERT_TRUE(world.has("old"));
  EXPECT_FALSE(world.has("oldest"));
  EXPECT_NE(old->access(), fine);
  EXPECT_NEAR(static_cast<double>(world.keyspace.access().idle_ms(*old)), static_cast<double>(idle),
              4096.0);
}

TEST(Evictor, MeasuresTheTimeOverTheLimit) {
  World world;
  world.put("k");
  world.limit(1);
  EXPECT_EQ(world.make_room(), Room::none);
  world.clock.advance_ms(250);
  EXPECT_EQ(world.info("current_eviction_exceeded_time"), "250");
  EXPECT_EQ(world.info("total_eviction_exceeded_time"), "250");
  world.limit(0);
  EXPECT_FALSE(world.evictor.over_limit());
  world.clock.advance_ms(250);
  EXPECT_EQ(world.info("current_eviction_exceeded_time"), "0");
  EXPECT_EQ(world.info("total_eviction_exceeded_time"), "250");
}

TEST(Evictor, MeasuresTheTimeOverTheLimitDuringAPause) {
  World world;
  world.put("k");
  world.limit(1);
  EXPECT_EQ(world.make_room(), Room::none);
  world.clock.advance_ms(100);
  world.keyspace.removals().hold(keyspace::Hold::pause);
  EXPECT_FALSE(world.evictor.over_limit());
  world.clock.advance_ms(100);
  EXPECT_EQ(world.info("current_eviction_exceeded_time"), "200");
  world.keyspace.removals().release(keyspace::Hold::pause);
  EXPECT_TRUE(world.evictor.over_limit());
  world.limit(0);
  EXPECT_FALSE(world.evictor.over_limit());
  EXPECT_EQ(world.info("current_eviction_exceeded_time"), "0");
  EXPECT_EQ(world.info("total_eviction_exceeded_time"), "200");
}

TEST(Evictor, ReportsItsLimit) {
  World world;
  world.set("maxmemory", "100mb");
  EXPECT_EQ(world.info("maxmemory"), "104857600");
  EXPECT_EQ(world.info("maxmemory_human"), "100.00M");
}

}  // namespace
}  // namespace larder::eviction
