#include "larder/keyspace/graveyard.h"

#include "fixture.h"
#include "larder/types/set.h"

namespace larder::keyspace {
namespace {

class GraveyardTest : public KeyspaceTest {
 protected:
  Graveyard& graveyard() { return keyspace.graveyard(); }
  void put_set(const std::string& name, int members) {
    types::Set set = types::Set::create(types::Set::Encoding::intset);
    for (int i = 0; i < members; ++i) {
      const std::string member = "member:" + std::to_string(i);
      set.add(types::String(member), {.listpack_entries = 10});
    }
    db.put_storage(key(name), types::Type::set, set.storage(), Event::set);
  }
  void free_all() { EXPECT_TRUE(graveyard().drain(base::Budget::unlimited())); }
};

TEST_F(GraveyardTest, FreesInProportionToWhatIsAdded) {
  for (int i = 0; i < 5000; ++i) {
    db.put(key("k"), std::string(10'000 + i % 2 * 5000, 'x'));
    if (graveyard().has_free_backlog()) graveyard().free_backlog(clock);
    ASSERT_LE(Graveyard::bytes(), Graveyard::kMostWaiting + 100'000);
  }
  EXPECT_GT(Graveyard::bytes(), Graveyard::kMostWaiting / 2);
  free_all();
}

TEST_F(GraveyardTest, HasNoDebtForFewBytes) {
  db.put(key("k"), std::string(10'000, 'x'));
  db.erase(key("k"));
  EXPECT_FALSE(graveyard().has_free_backlog());
  db.put(key("k"), std::string(100'000, 'x'));
  db.erase(key("k"));
  EXPECT_TRUE(graveyard().has_free_backlog());
  // It may still wait.
  graveyard().free_backlog(clock);
  EXPECT_FALSE(graveyard().has_free_backlog());
  EXPECT_GT(Graveyard::bytes(), 100'000);
  free_all();
}

TEST_F(GraveyardTest, RequestsMoreTimeForMoreBytes) {
  const std::int64_t least = graveyard().drain_time_us();
  for (int i = 0; i < 4; ++i) db.put(key(std::to_string(i)), std::string(1'000'000, 'x'));
  for (int i = 0; i < 4; ++i) db.erase(key(std::to_string(i)));
  EXPECT_GT(graveyard().drain_time_us(), least);
  EXPECT_LT(graveyard().drain_time_us(), Graveyard::kMostDrainUs);
  for (int i = 0; i < 20'000; ++i) db.put(key(std::to_string(i)), "x");
  keyspace.flush(0);
  EXPECT_EQ(graveyard().drain_time_us(), Graveyard::kMostDrainUs);
  free_all();
}

TEST_F(GraveyardTest, CountsLazilyFreedAsRedisDoes) {
  put_set("small", 64);
  put_set("large", 65);
  db.put(key("text"), std::string(100'000, 'x'));
  for (const char* name : {"small", "large", "text"}) db.erase(key(name), Freeing::lazily);
  EXPECT_EQ(graveyard().lazy_keys(), 1u);
  EXPECT_EQ(graveyard().keys(), 3u);
  put_set("large", 65);
  db.erase(key("large"), Freeing::plainly);
  EXPECT_EQ(graveyard().take_freed(), 0u);
  free_all();
  EXPECT_EQ(graveyard().lazy_keys(), 0u);
  EXPECT_EQ(graveyard().take_freed(), 1u);
}

TEST_F(GraveyardTest, CountsAllKeysOfALazyFlush) {
  put_set("large", 65);
  db.put(key("text"), "x");
  keyspace.flush(0, Freeing::lazily);
  EXPECT_EQ(graveyard().lazy_keys(), 2u);
  free_all();
  EXPECT_EQ(graveyard().take_freed(), 2u);
  put_set("large", 65);
  keyspace.flush_all();
  EXPECT_EQ(graveyard().lazy_keys(), 0u);
  free_all();
  EXPECT_EQ(graveyard().take_freed(), 0u);
}

TEST_F(GraveyardTest, CountsFreesByCauseAsDirectivesSay) {
  const auto freed_after = [this](const char* directive, Cause cause) {
    std::uint64_t freed = 0;
    for (const char* value : {"no", "yes"}) {
      EXPECT_TRUE(registry.set({{directive, value}}, {}));
      put_set("large", 65);
      db.erase(key("large"), cause, Event::del);
      free_all();
      freed = 10 * freed + graveyard().take_freed();
    }
    EXPECT_TRUE(registry.set({{directive, "no"}}, {}));
    return freed;
  };
  EXPECT_EQ(freed_after("lazyfree-lazy-eviction", Cause::evicted), 1u);
  EXPECT_EQ(freed_after("lazyfree-lazy-expire", Cause::expired), 1u);
  EXPECT_EQ(freed_after("lazyfree-lazy-server-del", Cause::command), 1u);
  EXPECT_EQ(freed_after("lazyfree-lazy-user-del", Cause::command), 0u);
}

// A clock that counts its readings.
struct CountingClock final : base::Clock {
  void tick() override {}
  std::int64_t steady_now_us() const override { return ++looks; }
  mutable std::int64_t looks = 0;
};

TEST_F(GraveyardTest, FreesLargeStringsInSteps) {
  constexpr std::size_t kBytes = 64 << 20;
  const CountingClock counting;
  for (const bool flushes : {false, true}) {
    db.put(key("k"), std::string(kBytes, 'x'));
    if (flushes) {
      keyspace.flush(0);
    } else {
      db.erase(key("k"));
    }
    int steps = 1;
    while (!graveyard().drain(base::Budget(counting, 0))) ++steps;
    EXPECT_GE(steps, 32) << flushes;
    EXPECT_LE(steps, 44) << flushes;
  }
}

TEST_F(GraveyardTest, FreesTheOldBlockOfAMovedLargeStringInSteps) {
  db.put(key("k"), std::string(32 << 20, 'x'));
  {
    auto edit = db.edit<types::String>(key("k"), db.look(key("k"), Look::write), Event::append);
    edit.append(std::string(32 << 20, 'y'));
  }
  const std::string now = text("k");
  EXPECT_EQ(now.size(), std::size_t{64} << 20);
  EXPECT_EQ(now[(32 << 20) - 1], 'x');
  EXPECT_EQ(now[32 << 20], 'y');
  free_all();
  db.erase(key("k"));
  free_all();
}

}  // namespace
}  // namespace larder::keyspace
