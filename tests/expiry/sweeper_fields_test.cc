// The sweeper removes fields of hashes whose own deadline has passed.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "larder/keyspace/edit.h"
#include "larder/types/hash.h"
#include "world.h"

namespace larder::expiry {
namespace {

// Puts a hash with one field for each deadline, ms from now.
void put_fields(World& world, const std::string& name, const std::vector<std::int64_t>& ttls,
                std::size_t index = 0) {
  const auto key = keyspace::Key::of(name);
  keyspace::Entry* entry = world.db(index).look(key, keyspace::Look::write);
  const std::int64_t now_ms = world.clock.unix_ms();
  keyspace::Edit<types::Hash> hash(world.db(index), key, entry, keyspace::Event::new_key);
  for (std::size_t i = 0; i < ttls.size(); ++i) {
    hash->set(std::to_string(i), "value", {512, 64}, now_ms);
    hash->set_deadline(std::to_string(i), now_ms + ttls[i], now_ms);
  }
}

std::size_t fields_of(World& world, const std::string& name, std::size_t index = 0) {
  const auto hash = world.db(index).find<types::Hash>(keyspace::Key::of(name));
  return hash ? hash->size() : 0;
}

TEST(Sweeper, RemovesExpiredFieldsAndEmptyHashes) {
  World world;
  std::vector<std::int64_t> ttls;
  for (int i = 0; i < 1000; ++i) ttls.push_back(i * 100 + 1);
  put_fields(world, "some", ttls);
  put_fields(world, "all", {10, 20, 30}, 5);
  world.put_persistent("stays");
  world.clock.advance_ms(50'000);
  EXPECT_EQ(world.run(), 1u);
  EXPECT_EQ(fields_of(world, "some"), 500u);
  EXPECT_EQ(fields_of(world, "all", 5), 0u);
  EXPECT_EQ(world.info("expired_subkeys"), "503");
  EXPECT_EQ(world.keyspace.size(), 2u);
  world.clock.advance_ms(60'000);
  world.run();
  EXPECT_EQ(fields_of(world, "some"), 0u);
  EXPECT_EQ(world.keyspace.size(), 1u);
  EXPECT_FALSE(world.keyspace.has_volatile_keys());
}

TEST(Sweeper, FollowsFieldDeadlinesThatAreChanged) {
  World world;
  for (int i = 0; i < 500; ++i) put_fields(world, "h" + std::to_string(i), {1000, 500'000});
  world.run();
  for (int pass = 0; pass < 40; ++pass) {
    // The first field gets an earlier deadline, so the hash's place in the index changes.
    put_fields(world, "h" + std::to_string(pass), {50});
    world.clock.advance_ms(100);
    world.run();
    EXPECT_EQ(fields_of(world, "h" + std::to_string(pass)), 1u) << pass;
  }
  for (int i = 0; i < 500; ++i) EXPECT_EQ(fields_of(world, "h" + std::to_string(i)), 1u);
}

TEST(Sweeper, RemovesALargeHashInSteps) {
  WorldOn<CostlyClock> world(100);
  const auto key = keyspace::Key::of("h");
  {
    keyspace::Edit<types::Hash> hash(world.db(), key, nullptr, keyspace::Event::new_key);
    for (int i = 0; i < 20'000; ++i) {
      hash->set(std::to_string(i), "value", {512, 64}, world.clock.unix_ms());
      hash->set_deadline(std::to_string(i), world.clock.unix_ms() + 10, world.clock.unix_ms());
    }
  }
  world.clock.advance_ms(20);
  int steps = 0;
  std::size_t before = 20'000;
  do {
    world.sweeper.run(world.sweeper.budget());
    const auto hash = world.db().find<types::Hash>(key);
    const std::size_t left = hash ? hash->size() : 0;
    ASSERT_LE(before - left, 20u * 8 * 7);
    before = left;
    ASSERT_LT(++steps, 1000);
  } while (before != 0);
  EXPECT_GT(steps, 15);
  EXPECT_EQ(world.keyspace.size(), 0u);
}

TEST(Sweeper, FindsFieldsStoredWithADeadlineInThePast) {
  World world;
  put_fields(world, "other", {1'000'000'000});
  run_often(world);
  {
    keyspace::Edit<types::Hash> hash(world.db(), keyspace::Key::of("h"), nullptr,
                                     keyspace::Event::new_key);
    for (const char* field : {"late", "stays"}) hash->set(field, "value", {512, 64}, 0);
    hash->set_deadline("late", world.clock.unix_ms() - 100'000, 0);
  }
  world.run();
  EXPECT_EQ(fields_of(world, "h"), 1u);
}

TEST(Sweeper, FindsFieldsThatExpiredWhileTurnedOff) {
  World world;
  world.sweeper.active(false);
  put_fields(world, "h", {10});
  for (int i = 0; i < 10; ++i) {
    world.clock.advance_ms(10'000);
    world.run();
  }
  EXPECT_EQ(fields_of(world, "h"), 1u);
  world.sweeper.active(true);
  world.run();
  EXPECT_EQ(world.keyspace.size(), 0u);
}

}  // namespace
}  // namespace larder::expiry
