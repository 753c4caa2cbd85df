#include "larder/keyspace/relocation_walk.h"

#include <gtest/gtest.h>

#include <string>

#include "larder/keyspace/edit.h"
#include "tests/keyspace/fixture.h"
#include "tests/types/relocation_support.h"

namespace larder::keyspace {
namespace {

using types::relocation::TestMover;

class RelocationWalkTest : public KeyspaceTest {
 protected:
  std::size_t steps_of_a_walk() {
    for (std::size_t steps = 1;; ++steps) {
      base::Budget spent(clock, 0);
      if (walk.run(mover, spent)) return steps;
    }
  }

  TestMover mover;
  RelocationWalk walk{keyspace};
};

TEST_F(RelocationWalkTest, MovesEachBlockOfAValueOnce) {
  const std::string large(Entry::kMostInside + 1, 'x');
  for (int i = 0; i < 500; ++i) {
    put_hash(name(i), 3);
    db.put(key("string:" + std::to_string(i)), i % 2 == 0 ? "value" : large);
  }
  keyspace.db(3).put(key("other"), large);
  mover.expects_once = true;
  EXPECT_GT(steps_of_a_walk(), 10u);
  EXPECT_EQ(walk.tally().blocks_moved, 500u + 250 + 1);
  EXPECT_EQ(walk.tally().keys_moved, 500u + 250 + 1);
  EXPECT_EQ(walk.tally().blocks_left, 0u);
  for (int i = 1; i < 500; i += 2) EXPECT_EQ(text("string:" + std::to_string(i)), large);
}

TEST_F(RelocationWalkTest, PausesWithinAValue) {
  put_hash("hash", 5000);
  const std::size_t steps = steps_of_a_walk();
  EXPECT_GT(steps, 5u);
  EXPECT_GT(walk.tally().blocks_moved, 5000u);
  EXPECT_EQ(walk.tally().keys_moved, 1u);
  const auto hash = db.find<types::Hash>(key("hash"));
  ASSERT_TRUE(hash);
  EXPECT_EQ(hash->size(), 5000u);
}

TEST_F(RelocationWalkTest, SurvivesTheEndOfTheValueInWhichItPaused) {
  put_hash("hash", 5000);
  base::Budget spent(clock, 0);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(walk.run(mover, spent));
  db.put(key("hash"), "a string");
  for (int i = 0; i < 100; ++i) db.put(key(name(i)), "value");
  steps_of_a_walk();
  EXPECT_EQ(text("hash"), "a string");
  put_hash("another", 5000);
  for (int i = 0; i < 4; ++i) walk.run(mover, spent);
  keyspace.flush_all();
  steps_of_a_walk();
  EXPECT_EQ(keyspace.size(), 0u);
}

TEST_F(RelocationWalkTest, IsNoChange) {
  db.put(key("key"), "value");
  put_hash("hash", 100);
  keyspace.log().listen();
  keyspace.log().clear();
  steps_of_a_walk();
  EXPECT_GE(walk.tally().blocks_moved, 100u);
  EXPECT_TRUE(keyspace.log().empty());
  EXPECT_FALSE(keyspace.log().command_changed());
  keyspace.log().unlisten();
}

}  // namespace
}  // namespace larder::keyspace
