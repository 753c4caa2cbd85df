#include <memory>

#include "keyspace_commands.h"

namespace larder::commands {
namespace {

// Events and effects of commands on bits and HyperLogLogs.
class Bits : public KeyspaceCommands {};

TEST_F(Bits, ReplicateOnlyWhatChangesSomething) {
  EXPECT_EQ(effects_of({"SETBIT", "k", "7", "1"}), "0 SETBIT k 7 1");
  EXPECT_EQ(effects_of({"SETBIT", "k", "7", "1"}), "");
  EXPECT_EQ(effects_of({"SETBIT", "k", "90", "0"}), "0 SETBIT k 90 0");
  EXPECT_EQ(effects_of({"SETBIT", "new", "0", "0"}), "0 SETBIT new 0 0");
  EXPECT_EQ(effects_of({"GETBIT", "k", "7"}), "");
  EXPECT_EQ(effects_of({"BITFIELD", "k", "SET", "u8", "0", "1"}), "");
  EXPECT_EQ(effects_of({"BITFIELD", "k", "SET", "u8", "0", "2"}), "0 BITFIELD k SET u8 0 2");
  EXPECT_EQ(effects_of({"BITFIELD", "k", "GET", "u8", "0"}), "");
  EXPECT_EQ(effects_of({"BITFIELD", "k", "OVERFLOW", "FAIL", "SET", "u8", "0", "300"}), "");
  EXPECT_EQ(effects_of({"BITOP", "NOT", "t", "k"}), "0 BITOP NOT t k");
  EXPECT_EQ(effects_of({"BITOP", "NOT", "t", "none"}), "0 BITOP NOT t none");
  EXPECT_EQ(effects_of({"BITOP", "NOT", "t", "none"}), "");
}

TEST_F(Bits, PublishTheirEvents) {
  EXPECT_EQ(changes_of({"SETBIT", "k", "7", "1"}), "$ setbit k@0");
  EXPECT_EQ(changes_of({"SETBIT", "k", "7", "1"}), "");
  EXPECT_EQ(changes_of({"SETBIT", "k", "7", "0"}), "$ setbit k@0");
  EXPECT_EQ(changes_of({"BITFIELD", "k", "INCRBY", "u8", "0", "1", "INCRBY", "u8", "0", "1"}),
            "$ setbit k@0");
  EXPECT_EQ(changes_of({"BITFIELD", "f", "SET", "u8", "0", "0"}), "$ setbit f@0");
  EXPECT_EQ(changes_of({"BITOP", "OR", "t", "k", "f"}), "$ set t@0");
  EXPECT_EQ(changes_of({"BITOP", "OR", "t", "none"}), "g del t@0");
}

TEST_F(Bits, RejectOffsetsBeyondTheLargestString) {
  own_settings.proto_max_bulk_len.value(INT64_MAX);
  EXPECT_EQ(run({"SETBIT", "k", "9223372036854775807", "1"}),
            "-ERR bit offset is not an integer or out of range");
  EXPECT_EQ(run({"BITFIELD", "k", "SET", "u8", "34359738368", "1"}),
            "-ERR bit offset is not an integer or out of range");
  EXPECT_EQ(run({"EXISTS", "k"}), ":0");
}

class HyperLogLogs : public KeyspaceCommands {};

TEST_F(HyperLogLogs, ReplicateOnlyWhatChangesSomething) {
  EXPECT_EQ(effects_of({"PFADD", "k"}), "0 PFADD k");
  EXPECT_EQ(effects_of({"PFADD", "k"}), "");
  EXPECT_EQ(effects_of({"PFADD", "k", "a", "b"}), "0 PFADD k a b");
  EXPECT_EQ(effects_of({"PFADD", "k", "a", "b"}), "");
  EXPECT_EQ(effects_of({"PFCOUNT", "k"}), "0 PFCOUNT k");
  EXPECT_EQ(effects_of({"PFCOUNT", "k"}), "");
  EXPECT_EQ(effects_of({"PFCOUNT", "k", "none"}), "");
  EXPECT_EQ(effects_of({"PFMERGE", "t", "k"}), "0 PFMERGE t k");
  EXPECT_EQ(effects_of({"PFMERGE", "t", "k"}), "0 PFMERGE t k");
  EXPECT_EQ(effects_of({"PFDEBUG", "TODENSE", "k"}), "0 PFDEBUG TODENSE k");
  EXPECT_EQ(effects_of({"PFDEBUG", "TODENSE", "k"}), "");
  EXPECT_EQ(effects_of({"PFADD", "k", "a", "b"}), "");
  EXPECT_EQ(effects_of({"PFADD", "k", "c"}), "0 PFADD k c");
}

TEST_F(HyperLogLogs, PublishTheirEvents) {
  EXPECT_EQ(changes_of({"PFADD", "k", "a", "b"}), "$ pfadd k@0");
  EXPECT_EQ(changes_of({"PFMERGE", "t", "k"}), "$ pfadd t@0");
  EXPECT_EQ(changes_of({"PFMERGE", "t", "s", "k"}), "$ pfadd t@0");
  // Storing a cached count publishes no event, but it is an effect for replicas and the journal.
  EXPECT_EQ(changes_of({"PFCOUNT", "t"}), std::string("\0  t@0", 6));
}

TEST_F(HyperLogLogs, StayUnchangedWhenFoundCorrupt) {
  const std::string bytes("HYLL\1\0\0\0\0\0\0\0\0\0\0\x80\x5f\xff", 18);
  run({"SET", "k", bytes});
  EXPECT_EQ(effects_of({"PFADD", "k", "a", "b", "c", "d", "e", "f"}), "");
  EXPECT_EQ(run({"PFADD", "k", "a", "b", "c", "d", "e", "f"}),
            "-INVALIDOBJ Corrupted HLL object detected");
  types::String::Scratch scratch;
  EXPECT_EQ(keyspace.db(0).find<types::String>(keyspace::Key::of("k"))->text(scratch), bytes);
}

TEST_F(HyperLogLogs, GrowThroughEverySizeOfEntry) {
  for (int i = 0; i < 4000; ++i) {
    run({"PFADD", "k", std::to_string(i)});
    if (i % 50 == 0) executor.end_turn();
  }
  EXPECT_EQ(run({"STRLEN", "k"}), ":12304");
  EXPECT_EQ(run({"PFCOUNT", "k"}), ":4003");
}

}  // namespace
}  // namespace larder::commands
