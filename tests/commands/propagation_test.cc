#include "keyspace_commands.h"

namespace larder::commands {
namespace {

// Effects have the same result at any time at which another process runs them.
class Effects : public KeyspaceCommands {};

TEST_F(Effects, OfPlainWritesAreTheCommandsAsSent) {
  EXPECT_EQ(effects_of({"set", "k", "v"}), "0 set k v");
  EXPECT_EQ(effects_of({"SET", "k", "v", "XX"}), "0 SET k v XX");
  EXPECT_EQ(effects_of({"APPEND", "k", "w"}), "0 APPEND k w");
  EXPECT_EQ(effects_of({"SETRANGE", "k", "1", "x"}), "0 SETRANGE k 1 x");
  EXPECT_EQ(effects_of({"INCR", "n"}), "0 INCR n");
  EXPECT_EQ(effects_of({"MSET", "a", "1", "b", "2"}), "0 MSET a 1 b 2");
  EXPECT_EQ(effects_of({"MSETNX", "c", "1"}), "0 MSETNX c 1");
  EXPECT_EQ(effects_of({"SETNX", "d", "1"}), "0 SETNX d 1");
  EXPECT_EQ(effects_of({"RENAME", "d", "e"}), "0 RENAME d e");
  EXPECT_EQ(effects_of({"COPY", "e", "f"}), "0 COPY e f");
  EXPECT_EQ(effects_of({"MOVE", "f", "1"}), "0 MOVE f 1");
  EXPECT_EQ(effects_of({"UNLINK", "e", "none"}), "0 UNLINK e none");
  EXPECT_EQ(effects_of({"DEL", "a", "b"}), "0 DEL a b");
}

TEST_F(Effects, AreNoneWhenNothingChanged) {
  run({"SET", "k", "v"});
  EXPECT_EQ(effects_of({"GET", "k"}), "");
  EXPECT_EQ(effects_of({"SET", "k", "w", "NX"}), "");
  EXPECT_EQ(effects_of({"SET", "k", "w", "IFEQ", "x", "GET"}), "");
  EXPECT_EQ(effects_of({"SET", "k", "w", "EX", "0"}), "");
  EXPECT_EQ(effects_of({"SETNX", "k", "w"}), "");
  EXPECT_EQ(effects_of({"MSETNX", "k", "w", "l", "x"}), "");
  EXPECT_EQ(effects_of({"DEL", "none"}), "");
  EXPECT_EQ(effects_of({"DELIFEQ", "k", "x"}), "");
  EXPECT_EQ(effects_of({"GETEX", "k"}), "");
  EXPECT_EQ(effects_of({"GETEX", "k", "PERSIST"}), "");
  EXPECT_EQ(effects_of({"PERSIST", "k"}), "");
  EXPECT_EQ(effects_of({"EXPIRE", "k", "10", "XX"}), "");
  EXPECT_EQ(effects_of({"SETRANGE", "k", "5", ""}), "");
  EXPECT_EQ(effects_of({"RENAME", "k", "k"}), "");
  EXPECT_EQ(effects_of({"INCR", "k"}), "");
}

TEST_F(Effects, UseAbsoluteDeadlines) {
  EXPECT_EQ(effects_of({"SET", "k", "v", "EX", "10"}), "0 SET k v PXAT " + now_plus(10'000));
  EXPECT_EQ(effects_of({"SET", "k", "v", "PX", "10", "XX"}), "0 SET k v PXAT " + now_plus(10));
  EXPECT_EQ(effects_of({"SET", "k", "v", "GET", "EXAT", "33177117420"}),
            "0 SET k v PXAT 33177117420000");
  EXPECT_EQ(effects_of({"SETEX", "k", "10", "v"}), "0 SET k v PXAT " + now_plus(10'000));
  EXPECT_EQ(effects_of({"PSETEX", "k", "10", "v"}), "0 SET k v PXAT " + now_plus(10));
  EXPECT_EQ(effects_of({"EXPIRE", "k", "10"}), "0 PEXPIREAT k " + now_plus(10'000));
  EXPECT_EQ(effects_of({"PEXPIRE", "k", "10", "XX"}), "0 PEXPIREAT k " + now_plus(10));
  EXPECT_EQ(effects_of({"EXPIREAT", "k", "33177117420"}), "0 PEXPIREAT k 33177117420000");
  EXPECT_EQ(effects_of({"PEXPIREAT", "k", "33177117420000"}), "0 PEXPIREAT k 33177117420000");
  EXPECT_EQ(effects_of({"GETEX", "k", "EX", "10"}), "0 PEXPIREAT k " + now_plus(10'000));
  EXPECT_EQ(effects_of({"GETEX", "k", "PERSIST"}), "0 PERSIST k");
}

TEST_F(Effects, OfDeadlinesInThePastAreDeletions) {
  run({"MSET", "a", "1", "b", "2", "c", "3"});
  EXPECT_EQ(effects_of({"EXPIRE", "a", "-1"}), "0 DEL a");
  EXPECT_EQ(effects_of({"PEXPIREAT", "b", "1"}), "0 DEL b");
  EXPECT_EQ(effects_of({"GETEX", "c", "PXAT", "1"}), "0 DEL c");
}

TEST_F(Effects, OmitGetAndIfeqOptions) {
  EXPECT_EQ(effects_of({"SET", "k", "v", "GET"}), "0 SET k v");
  EXPECT_EQ(effects_of({"SET", "k", "w", "GET", "KEEPTTL"}), "0 SET k w KEEPTTL");
  EXPECT_EQ(effects_of({"SET", "k", "x", "IFEQ", "w"}), "0 SET k x");
  EXPECT_EQ(effects_of({"GETSET", "k", "y"}), "0 SET k y");
  EXPECT_EQ(effects_of({"DELIFEQ", "k", "y"}), "0 DEL k");
  run({"SET", "k", "v"});
  EXPECT_EQ(effects_of({"GETDEL", "k"}), "0 DEL k");
}

TEST_F(Effects, OfFloatIncrementsStoreTheSum) {
  run({"SET", "k", "1.5"});
  EXPECT_EQ(effects_of({"INCRBYFLOAT", "k", "1"}), "0 SET k 2.5 KEEPTTL");
}

// Changes carry the names of Redis's keyspace notifications.
class Changes : public KeyspaceCommands {};

TEST_F(Changes, OfStringCommands) {
  EXPECT_EQ(changes_of({"SET", "k", "v"}), "$ set k@0");
  EXPECT_EQ(changes_of({"SETNX", "l", "v"}), "$ set l@0");
  EXPECT_EQ(changes_of({"GETSET", "l", "w"}), "$ set l@0");
  EXPECT_EQ(changes_of({"MSET", "a", "1", "b", "2"}), "$ set a@0\n$ set b@0");
  EXPECT_EQ(changes_of({"APPEND", "k", "w"}), "$ append k@0");
  EXPECT_EQ(changes_of({"APPEND", "new", "w"}), "$ append new@0");
  EXPECT_EQ(changes_of({"SETRANGE", "k", "1", "x"}), "$ setrange k@0");
  EXPECT_EQ(changes_of({"SETRANGE", "other", "1", "x"}), "$ setrange other@0");
  EXPECT_EQ(changes_of({"INCR", "n"}), "$ incrby n@0");
  EXPECT_EQ(changes_of({"DECRBY", "n", "2"}), "$ incrby n@0");
  EXPECT_EQ(changes_of({"INCRBYFLOAT", "n", "0.5"}), "$ incrbyfloat n@0");
  EXPECT_EQ(changes_of({"GETDEL", "n"}), "g del n@0");
  EXPECT_EQ(changes_of({"DELIFEQ", "l", "w"}), "g del l@0");
}

TEST_F(Changes, OfDeadlines) {
  EXPECT_EQ(changes_of({"SET", "k", "v", "EX", "10"}), "$ set k@0\ng expire k@0");
  EXPECT_EQ(changes_of({"SET", "k", "v", "KEEPTTL"}), "$ set k@0");
  EXPECT_EQ(changes_of({"SETEX", "k", "10", "v"}), "$ set k@0\ng expire k@0");
  EXPECT_EQ(changes_of({"EXPIRE", "k", "10"}), "g expire k@0");
  EXPECT_EQ(changes_of({"PERSIST", "k"}), "g persist k@0");
  EXPECT_EQ(changes_of({"GETEX", "k", "EX", "10"}), "g expire k@0");
  EXPECT_EQ(changes_of({"GETEX", "k", "PERSIST"}), "g persist k@0");
  EXPECT_EQ(changes_of({"EXPIRE", "k", "-1"}), "g del k@0");
}

TEST_F(Changes, OfADeadlineCountAsOneWithItsValue) {
  const auto before = keyspace.log().changes();
  run({"SET", "k", "v", "EX", "10"});
  EXPECT_EQ(keyspace.log().changes(), before + 1);
}

TEST_F(Changes, OfKeysThatMove) {
  run({"SET", "a", "1"});
  EXPECT_EQ(changes_of({"RENAME", "a", "b"}), "g rename_from a@0\ng rename_to b@0");
  EXPECT_EQ(changes_of({"RENAMENX", "b", "c"}), "g rename_from b@0\ng rename_to c@0");
  EXPECT_EQ(changes_of({"COPY", "c", "d", "DB", "3"}), "g copy_to d@3");
  EXPECT_EQ(changes_of({"MOVE", "c", "2"}), "g move_from c@0\ng move_to c@2");
}

TEST_F(Changes, OfRemovals) {
  run({"MSET", "a", "1", "b", "2", "c", "3"});
  EXPECT_EQ(changes_of({"DEL", "a", "none", "b"}), "g del a@0\ng del b@0");
  EXPECT_EQ(changes_of({"UNLINK", "c"}), "g del c@0");
}

}  // namespace
}  // namespace larder::commands
