#include "keyspace_commands.h"

namespace larder::commands {
namespace {

class Lists : public KeyspaceCommands {};

TEST_F(Lists, TellWhatAnotherProcessMustRun) {
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

TEST_F(Lists, TellNothingWhereNothingChanged) {
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

}  // namespace
}  // namespace larder::commands
