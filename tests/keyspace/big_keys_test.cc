#include "larder/keyspace/big_keys.h"

#include <string>

#include "larder/keyspace/edit.h"
#include "larder/types/list.h"
#include "tests/keyspace/fixture.h"

namespace larder::keyspace {
namespace {

class BigKeysTest : public KeyspaceTest {
 protected:
  void put(const std::string& name, std::size_t bytes, int where = 0) {
    keyspace.db(static_cast<std::size_t>(where)).put(key(name), std::string(bytes, 'x'));
  }
  std::string names(std::size_t count = 3, int where = -1,
                    std::optional<types::Type> type = std::nullopt) {
    std::string text;
    for (const BigKey& one : keyspace.big_keys(where, type, count)) {
      text += std::string(one.entry->key()) + " ";
    }
    return text;
  }
  void beat(int times) {
    for (int i = 0; i < times; ++i) {
      clock.advance_ms(100);
      keyspace.look_for_big_keys();
    }
  }
  void set(const std::string& name, const std::string& value) {
    ASSERT_TRUE(registry.set({{name, value}}, {}));
  }
};

TEST_F(BigKeysTest, ListsTheLargestFirst) {
  put("small", 10);
  put("huge", 100000);
  put("large", 5000);
  EXPECT_EQ(names(), "huge large small ");
  EXPECT_EQ(names(1), "huge ");
  const auto keys = keyspace.big_keys(-1, std::nullopt, 1);
  EXPECT_EQ(keys[0].bytes, db.memory_usage(*db.look(key("huge"), Look::untouched)));
}

TEST_F(BigKeysTest, DropsRemovedKeysAndMeasuresShrunkenOnes) {
  for (const char* name : {"a", "b", "c", "d"}) put(name, std::size_t{1000} << (*name - 'a'));
  EXPECT_EQ(names(4), "d c b a ");
  db.erase(key("d"));
  put("c", 1);
  EXPECT_EQ(names(4), "b a c ");
  db.expire_at(key("b"), db.look(key("b"), Look::untouched), clock.unix_ms() + 10);
  clock.advance_ms(20);
  EXPECT_EQ(names(4), "a c ");
}

TEST_F(BigKeysTest, FollowsRenamesSwapsAndFlushes) {
  put("old", 9000);
  put("other", 8000, 1);
  db.put_moved(key("new"), db, key("old"), db.look(key("old"), Look::write), Event::set,
               Event::set);
  EXPECT_EQ(names(), "new other ");
  keyspace.swap(0, 1);
  EXPECT_EQ(names(3, 1), "new ");
  EXPECT_EQ(names(3, 0), "other ");
  keyspace.flush(1);
  EXPECT_EQ(names(), "other ");
  keyspace.flush_all();
  EXPECT_EQ(names(), "");
}

TEST_F(BigKeysTest, FollowsGrowingLists) {
  put("string", 3000);
  for (int i = 0; i < 1000; ++i) {
    Entry* entry = db.look(key("list"), Look::write);
    auto list = db.edit<types::List>(key("list"), entry, Event::set);
    list->push({}, types::ListEnd::tail, "an element of some length");
  }
  EXPECT_EQ(names(1), "list ");
  EXPECT_EQ(names(3, -1, types::Type::string), "string ");
}

// More keys than are kept, stored while tracking was off.
TEST_F(BigKeysTest, FindsExistingKeysByWalking) {
  set("big-keys-tracking", "no");
  beat(1);
  for (int i = 0; i < 3000; ++i) put("k" + std::to_string(i), 1000);
  put("larger", 20000);
  put("largest", 90000);
  put("large", 5000);
  set("big-keys-tracking", "yes");
  beat(30);
  EXPECT_GE(metrics.big_key_walks.value(), 1u);
  EXPECT_EQ(names(), "largest larger large ");
}

TEST_F(BigKeysTest, KeepsTheLargestOfAStreamOfKeys) {
  std::vector<std::pair<std::size_t, std::string>> truth;
  for (int i = 0; i < 5000; ++i) {
    const std::size_t bytes = 600 + rng.below(100000);
    const std::string name = "k" + std::to_string(i);
    put(name, bytes);
    truth.emplace_back(db.memory_usage(*db.look(key(name), Look::untouched)), name);
  }
  std::sort(truth.rbegin(), truth.rend());
  const auto found = keyspace.big_keys(-1, std::nullopt, 20);
  ASSERT_EQ(found.size(), 20u);
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].bytes, truth[i].first) << i;
}

TEST_F(BigKeysTest, HoldsNothingWhenTurnedOff) {
  put("a", 5000);
  set("big-keys-tracking", "no");
  beat(20);
  EXPECT_EQ(metrics.big_key_walks.value(), 0u);
  EXPECT_FALSE(keyspace.tracks_big_keys());
  set("big-keys-tracking", "yes");
  EXPECT_EQ(names(), "a ");
}

}  // namespace
}  // namespace larder::keyspace
