// The limit of pages. Without a page store there is none.

#include "larder/eviction/page_limit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "larder/keyspace/edit.h"
#include "larder/memory/heap.h"
#include "larder/types/hash.h"
#include "tests/eviction/world.h"

namespace larder::eviction {
namespace {

class PageLimitTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kData = 32 << 20;

  void SetUp() override {
    if (!memory::kHasPageStore) GTEST_SKIP() << "there is no page store";
    world.limit(memory::used_bytes() + kData);
  }
  std::uint64_t maxmemory() { return static_cast<std::uint64_t>(world.settings.maxmemory.value()); }
  std::uint64_t edge() { return maxmemory() + PageLimit::slack(maxmemory()); }
  // What a command does that needs memory. Returns how far the pages were above the edge before it.
  std::int64_t admit() {
    world.clock.advance_us(10);
    if (world.evictor.needs_room()) {
      EXPECT_EQ(world.evictor.make_room(base::Budget::unlimited()), Room::enough);
    }
    most_bytes = std::max(most_bytes, memory::used_bytes());
    return static_cast<std::int64_t>(memory::used_bytes() + memory::wasted_page_bytes()) -
           static_cast<std::int64_t>(edge());
  }
  void put_new(std::size_t bytes) {
    ASSERT_LE(admit(), 0);
    world.put(name_of(next++), bytes);
    if (next % 32 == 0) world.keyspace.graveyard().drain(base::Budget::unlimited());
  }
  void set_field(const std::string& name, std::size_t field, std::size_t bytes) {
    ASSERT_LE(admit(), 0);
    const auto key = keyspace::Key::of(name);
    keyspace::Database& db = world.db();
    auto edit =
        db.edit<types::Hash>(key, db.look(key, keyspace::Look::write), keyspace::Event::hset);
    edit->set("field:" + std::to_string(field), std::string(bytes, 'x'), {16, 64}, 0);
  }
  std::uint64_t evicted_for_pages() { return world.metrics.evicted_keys_for_pages.value(); }

  World world;
  std::uint64_t most_bytes = 0;
  std::size_t next = 0;
};

TEST_F(PageLimitTest, HoldsWhenSizesShift) {
  world.policy("allkeys-random");
  for (const std::size_t bytes : {100, 1000, 300, 40, 15'000, 60}) {
    for (std::uint64_t written = 0; written < 2 * kData; written += bytes + 30) {
      ASSERT_NO_FATAL_FAILURE(put_new(bytes));
    }
  }
  EXPECT_GT(std::stoll(world.info("active_defrag_hits")), 10'000);
  // Moving made the room: hardly a key was evicted for pages.
  EXPECT_LT(evicted_for_pages(), world.metrics.evicted_keys.value() / 100);
}

TEST_F(PageLimitTest, HoldsWhenFieldsOfHashesShift) {
  world.policy("allkeys-lru");
  std::size_t field = 0;
  for (const std::size_t bytes : {100, 1000, 300, 40}) {
    for (std::uint64_t written = 0; written < 2 * kData; written += bytes + 30) {
      ++field;
      set_field("hash:" + std::to_string(field * 7919 % 61), field % 7001, bytes);
      if (HasFatalFailure()) return;
      if (field % 32 == 0) world.keyspace.graveyard().drain(base::Budget::unlimited());
    }
  }
  EXPECT_GT(std::stoll(world.info("active_defrag_hits")), 10'000);
}

TEST_F(PageLimitTest, MakesRoomWhereNothingMayBeEvicted) {
  world.policy("noeviction");
  world.limit(memory::used_bytes() + 2 * kData);
  for (std::size_t i = 0; i < 400'000; ++i) world.put(name_of(i), 100);
  ASSERT_FALSE(world.evictor.needs_room());
  for (std::size_t i = 0; i < 400'000; ++i) {
    if (i % 2 == 0) world.db().erase(keyspace::Key::of(name_of(i)));
  }
  world.keyspace.graveyard().drain(base::Budget::unlimited());
  // The bytes have room, and emptying slabs makes room in pages.
  world.limit(memory::used_bytes() + (1 << 20));
  EXPECT_TRUE(world.evictor.needs_room());
  EXPECT_EQ(world.make_room(), Room::enough);
  EXPECT_GT(std::stoll(world.info("active_defrag_hits")), 50'000);
  // Nothing can be moved while a flushed database is being freed; its pages come back soon.
  world.keyspace.flush_all();
  EXPECT_EQ(world.make_room(), Room::enough);
}

// Who still reads the old values of a snapshot does not let values move.
class Reader final : public keyspace::BeforeChange {
 public:
  void before_change(int, std::uint64_t, keyspace::Entry&, keyspace::Intent) override {}
  void before_flush(int) override {}
  void before_swap(int, int) override {}
};

TEST_F(PageLimitTest, EvictsForPagesWhileNothingMayMove) {
  world.policy("allkeys-random");
  Reader reader;
  world.keyspace.before_changes().add(reader);
  std::size_t field = 0;
  for (const std::size_t bytes : {100, 1000}) {
    for (std::uint64_t written = 0; written < 2 * kData; written += bytes + 30) {
      ++field;
      set_field("hash:" + std::to_string(field * 7919 % 6007), field % 64, bytes);
      if (HasFatalFailure()) break;
      if (field % 32 == 0) world.keyspace.graveyard().drain(base::Budget::unlimited());
    }
  }
  world.keyspace.before_changes().remove(reader);
  EXPECT_GT(evicted_for_pages(), 0u);
  EXPECT_LT(evicted_for_pages(), world.metrics.evicted_keys.value());
}

TEST_F(PageLimitTest, RefusesWritesWhereNothingMayMoveOrBeEvicted) {
  world.policy("noeviction");
  world.limit(memory::used_bytes() + 4 * kData);
  for (std::size_t i = 0; i < 200'000; ++i) set_field("hash:" + std::to_string(i % 200), i, 100);
  for (std::size_t i = 0; i < 200; ++i) {
    if (i % 3 != 0) world.db().erase(keyspace::Key::of("hash:" + std::to_string(i)));
  }
  world.keyspace.graveyard().drain(base::Budget::unlimited());
  world.limit(memory::used_bytes() + (1 << 20));
  Reader reader;
  world.keyspace.before_changes().add(reader);
  EXPECT_EQ(world.make_room(), Room::none);
  world.keyspace.before_changes().remove(reader);
  // Now the values may move.
  EXPECT_EQ(world.make_room(), Room::enough);
  EXPECT_EQ(evicted_for_pages(), 0u);
}

// What the primary of a replica removes leaves holes as well.
class PageLimitOfReplicaTest : public PageLimitTest {
 protected:
  static constexpr std::size_t kKeys = 400'000;

  void SetUp() override {
    PageLimitTest::SetUp();
    if (IsSkipped()) return;
    world.policy("allkeys-random");
    world.limit(0);
    for (std::size_t i = 0; i < kKeys; ++i) world.put(name_of(i), 100);
    world.keyspace.removals().hold(keyspace::Hold::replica);
    for (std::size_t i = 0; i < kKeys; i += 2) world.db().erase(keyspace::Key::of(name_of(i)));
    world.keyspace.graveyard().drain(base::Budget::unlimited());
  }
  // The limits are no reason to remove anything.
  void expect_nothing_evicted() {
    EXPECT_EQ(world.db().size(), kKeys / 2);
    EXPECT_EQ(world.metrics.evicted_keys.value(), 0u);
  }
};

TEST_F(PageLimitOfReplicaTest, MovesUntilThePagesAreWithinIt) {
  world.limit(memory::used_bytes() + (1 << 20));
  ASSERT_GT(memory::used_bytes() + memory::wasted_page_bytes(), edge());
  EXPECT_LE(admit(), 0);
  expect_nothing_evicted();
}

TEST_F(PageLimitOfReplicaTest, BoundsTheHolesOfMoreBytesThanAreAllowed) {
  world.limit(memory::used_bytes() / 2);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(world.make_room(), Room::enough);
  EXPECT_LE(memory::wasted_page_bytes(), PageLimit::slack(memory::used_bytes()));
  expect_nothing_evicted();
  // It does not empty what is nearly full.
  const std::string moved = world.info("active_defrag_hits");
  EXPECT_EQ(world.make_room(), Room::enough);
  EXPECT_EQ(world.info("active_defrag_hits"), moved);
}

TEST_F(PageLimitTest, EndsAPassThatNoCommandDrives) {
  world.policy("allkeys-lru");
  std::size_t field = 0;
  while (!world.evacuator.is_in_pass()) {
    ASSERT_LT(++field, 2'000'000u);
    const std::size_t bytes = field < 250'000 ? 100 : 1000;
    set_field("hash:" + std::to_string(field * 7919 % 61), field % 7001 + bytes, bytes);
    if (field % 32 == 0) world.keyspace.graveyard().drain(base::Budget::unlimited());
  }
  world.limit(0);
  EXPECT_FALSE(world.evictor.needs_room());
  for (int i = 0; i < 1000 && world.evacuator.is_in_pass(); ++i) world.evictor.beat();
  EXPECT_FALSE(world.evacuator.is_in_pass());
}

TEST_F(PageLimitTest, LeavesFreePagesToTheAllocatorWithoutALimit) {
  world.evictor.beat();
  EXPECT_LT(memory::spare_page_bytes(), 2 * kData);
  world.limit(0);
  world.evictor.beat();
  EXPECT_EQ(memory::spare_page_bytes(), memory::kAnySparePages);
}

}  // namespace
}  // namespace larder::eviction
