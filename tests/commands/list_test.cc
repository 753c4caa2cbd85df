#include "keyspace_commands.h"

namespace larder::commands {
namespace {

class Lists : public KeyspaceCommands {};

TEST_F(Lists, ReplicateTheirChanges) {
  EXPECT_EQ(effects_of({"RPUSH", "a", "1", "2", "3", "4", "5", "6"}), "0 RPUSH a 1 2 3 4 5 6");
  EXPECT_EQ(effects_of({"LPOP", "a"}), "0 LPOP a");
  EXPECT_EQ(effects_of({"BLPOP", "none", "a", "0"}), "0 LPOP a");
  EXPECT_EQ(effects_of({"BRPOP", "a", "0"}), "0 RPOP a");
  EXPECT_EQ(effects_of({"BLMOVE", "a", "b", "LEFT", "RIGHT", "0"}), "0 LMOVE a b LEFT RIGHT");
  EXPECT_EQ(effects_of({"BRPOPLPUSH", "a", "b", "0"}), "0 RPOPLPUSH a b");
  EXPECT_EQ(effects_of({"LMPOP", "2", "none", "b", "RIGHT", "COUNT", "5"}), "0 RPOP b 2");
  EXPECT_EQ(effects_of({"BLMPOP", "0", "1", "a", "LEFT"}), "0 LPOP a 1");
  EXPECT_EQ(effects_of({"LMPOP", "1", "a", "LEFT"}), "");
}

TEST_F(Lists, PublishEventsForEachKey) {
  EXPECT_EQ(changes_of({"RPUSH", "a", "1", "2"}), "l rpush a@0");
  EXPECT_EQ(changes_of({"LMOVE", "a", "b", "LEFT", "RIGHT"}), "l rpush b@0\nl lpop a@0");
  EXPECT_EQ(changes_of({"RPOPLPUSH", "b", "b"}), "l lpush b@0\nl rpop b@0");
  EXPECT_EQ(changes_of({"LSET", "b", "0", "x"}), "l lset b@0");
  EXPECT_EQ(changes_of({"LINSERT", "b", "AFTER", "x", "y"}), "l linsert b@0");
  EXPECT_EQ(changes_of({"LTRIM", "b", "0", "0"}), "l ltrim b@0");
  EXPECT_EQ(changes_of({"LREM", "b", "0", "x"}), "l lrem b@0\ng del b@0");
  EXPECT_EQ(changes_of({"BLPOP", "a", "0"}), "l lpop a@0\ng del a@0");
}

TEST_F(Lists, ReplicateNothingWhenNothingChanged) {
  run({"RPUSH", "a", "1", "2"});
  EXPECT_EQ(effects_of({"LPUSHX", "none", "1"}), "");
  EXPECT_EQ(effects_of({"LPOP", "none"}), "");
  EXPECT_EQ(effects_of({"LPOP", "a", "0"}), "");
  EXPECT_EQ(effects_of({"LREM", "a", "0", "x"}), "");
  EXPECT_EQ(effects_of({"LINSERT", "a", "BEFORE", "x", "y"}), "");
  EXPECT_EQ(effects_of({"LSET", "a", "9", "x"}), "");
  EXPECT_EQ(effects_of({"LMOVE", "none", "a", "LEFT", "LEFT"}), "");
  run({"SET", "s", "v"});
  EXPECT_EQ(effects_of({"BLMOVE", "a", "s", "LEFT", "LEFT", "0"}), "");
}

// As rdb_changes_since_last_save counts them.
TEST_F(Lists, CountAPopAndAMoveAsOneChange) {
  const auto changes_by = [this](std::initializer_list<std::string_view> words) {
    const std::uint64_t before = keyspace.log().changes();
    run(words);
    return keyspace.log().changes() - before;
  };
  run({"RPUSH", "l", "a", "b", "c", "d", "e"});
  EXPECT_EQ(changes_by({"BLPOP", "l", "0"}), 1u);
  EXPECT_EQ(changes_by({"LMOVE", "l", "t", "LEFT", "RIGHT"}), 1u);
  EXPECT_EQ(changes_by({"BLMOVE", "l", "t", "LEFT", "LEFT", "0"}), 1u);
  EXPECT_EQ(changes_by({"RPOPLPUSH", "l", "l"}), 1u);
  EXPECT_EQ(changes_by({"RPOPLPUSH", "l", "t"}), 1u);
  EXPECT_EQ(changes_by({"BRPOPLPUSH", "l", "t", "0"}), 1u);
  EXPECT_EQ(keyspace.db(0).size(), 1u);
  run({"RPUSH", "l", "x"});
  EXPECT_EQ(changes_of({"LMOVE", "l", "t", "LEFT", "RIGHT"}), "l rpush t@0\nl lpop l@0\ng del l@0");
}

}  // namespace
}  // namespace larder::commands
