// Removed values that are not freed yet: a write waits until they are freed; it gets no OOM error,
// and no live keys are evicted for it.

#include "tests/server/client_room.h"

namespace larder::server {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::size_t kLargeBytes = 15 * kMega;  // more than the clients' share of 10 MB

class FreedRoom : public ClientRoom {
 protected:
  FreedRoom() { harness.clock().us_per_reading = 100; }
  ~FreedRoom() override { harness.clock().us_per_reading = 0; }

  // 200 keys in database 3 that stay, and data up to the limit that is going to be removed.
  void fill_with(const std::string& command) {
    ask("SELECT 3\r\nDEBUG POPULATE 200 stays 1000");
    ask(command);
    watch_turns(4);
    // Keys that were evicted during the set-up do not count.
    ask("CONFIG RESETSTAT");
    most_used = 0;
  }
  void expect_others_untouched(const std::string& removal) {
    EXPECT_EQ(ask("SELECT 3\r\nDBSIZE"), "+OK\r\n:200\r\n") << removal;
    EXPECT_EQ(figure("evicted_keys"), 0) << removal;
    EXPECT_EQ(figure("evicted_clients"), 0) << removal;
    EXPECT_LE(most_used, kMaxMemory + kTolerance) << removal;
  }
  bool is_freeing() { return harness.core().evictor.is_freeing(); }
  // Sends from a new connection, and runs turns until the reply arrives.
  std::string await(const std::string& text) {
    Line line = connect();
    line.write(text);
    std::string got;
    for (int quiet = 0; quiet < 20 || (got.empty() && quiet < 5000); ++quiet) {
      watch_turns(1);
      got += line.read();
    }
    return got;
  }
};

constexpr const char* kPolicies[] = {"noeviction", "allkeys-lru", "volatile-ttl"};

TEST_F(FreedRoom, MemoryOfAFlushedDatabaseServesALargeRequest) {
  for (const std::string policy : kPolicies) {
    ask("CONFIG SET maxmemory-policy " + policy);
    for (const std::string removal : {"FLUSHDB", "FLUSHDB ASYNC"}) {
      fill_with("DEBUG POPULATE 30000 key 1000");
      lines.clear();
      add_line();
      ask(removal);
      ASSERT_TRUE(harness.core().keyspace.graveyard().holds_tables());
      ASSERT_GT(memory::used_bytes() + kLargeBytes, kMaxMemory + kTolerance);
      EXPECT_EQ(store_at_once(kLargeBytes, [] {}), 1u) << policy << ' ' << removal;
      expect_others_untouched(policy + ' ' + removal);
      ask("FLUSHDB");
      watch_turns(100);
    }
  }
}

TEST_F(FreedRoom, MemoryOfAHugeValueServesALargeRequest) {
  for (const std::string policy : kPolicies) {
    ask("CONFIG SET maxmemory-policy " + policy);
    for (const std::string removal : {"DEL big", "UNLINK big", "SET big small"}) {
      fill_with("SETRANGE big 33000000 x");
      lines.clear();
      add_line();
      harness.clock().us_per_reading = 1000;
      ask(removal);
      ASSERT_TRUE(is_freeing());
      EXPECT_EQ(store_at_once(kLargeBytes, [] {}), 1u) << policy << ' ' << removal;
      expect_others_untouched(policy + ' ' + removal);
      harness.clock().us_per_reading = 100;
      ask("FLUSHDB");
      watch_turns(100);
    }
  }
}

TEST_F(FreedRoom, CommandsOfKnownSizeWaitForIt) {
  for (const std::string policy : kPolicies) {
    ask("CONFIG SET maxmemory-policy " + policy);
    for (const std::string grows :
         {"SETRANGE large 14999999 x", "SETBIT large 119999999 1",
          "BITFIELD large SET u8 119999992 1", "MULTI\r\nSETRANGE large 14999999 x\r\nEXEC"}) {
      fill_with("DEBUG POPULATE 30000 key 1000");
      ask("FLUSHDB ASYNC");
      ASSERT_TRUE(harness.core().keyspace.graveyard().holds_tables());
      EXPECT_THAT(await(grows + "\r\n"), testing::Not(HasSubstr("OOM"))) << policy << ' ' << grows;
      EXPECT_EQ(ask("STRLEN large"), ":15000000\r\n") << policy << ' ' << grows;
      expect_others_untouched(policy + ' ' + grows);
      ask("FLUSHDB");
      watch_turns(100);
    }
  }
}

// No turn frees for longer than its budget, for any requested size.
TEST_F(FreedRoom, IsFreedInSlices) {
  ask("CONFIG SET maxmemory-policy noeviction");
  fill_with("DEBUG POPULATE 30000 key 1000");
  ask("FLUSHDB ASYNC");
  Line& line = add_line();
  line.write("SETRANGE large 14999999 x\r\nPING\r\n");
  std::uint64_t most_freed = 0;
  int turns = 0;
  for (; line.read().empty() && turns < 5000; ++turns) {
    const std::uint64_t before = memory::used_bytes();
    watch_turns(1);
    const std::uint64_t after = memory::used_bytes();
    if (after < before) most_freed = std::max(most_freed, before - after);
  }
  // 32 entries between two readings of the clock, and some ten readings in a turn.
  EXPECT_LT(most_freed, 2 * kMega);
  EXPECT_GT(turns, 5);
  EXPECT_EQ(ask("STRLEN large"), ":15000000\r\n");
}

TEST_F(FreedRoom, RequestsThatDoNotFitAfterFreeingFail) {
  for (const std::string policy : kPolicies) {
    ask("CONFIG SET maxmemory-policy " + policy);
    fill_with("DEBUG POPULATE 20000 key 1000");
    ask("FLUSHDB ASYNC");
    ASSERT_TRUE(is_freeing());
    EXPECT_THAT(await("SETRANGE large 41999999 x\r\n"), StartsWith("-OOM ")) << policy;
    expect_others_untouched(policy);
  }
}

TEST_F(FreedRoom, AllKindsOfWritesWaitForIt) {
  for (const std::string policy : kPolicies) {
    ask("CONFIG SET maxmemory-policy " + policy);
    fill_with("DEBUG POPULATE 33000 key 1000");
    ask("FLUSHDB ASYNC");
    ask("CONFIG SET maxmemory 20mb");
    ASSERT_TRUE(harness.core().evictor.over_limit());
    EXPECT_EQ(await("MULTI\r\nSET a 1\r\nRPUSH l 1 2\r\nEXEC\r\n"),
              "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:2\r\n");
    EXPECT_EQ(await("SADD s 1 2 3\r\n"), ":3\r\n");
    ask("CONFIG SET maxmemory 40mb");
    EXPECT_EQ(ask("SELECT 3\r\nDBSIZE"), "+OK\r\n:200\r\n");
    EXPECT_EQ(figure("evicted_keys"), 0);
    ask("FLUSHDB");
    watch_turns(100);
  }
}

TEST_F(FreedRoom, ABlockedClientIsServedWithoutWaitingForIt) {
  fill_with("DEBUG POPULATE 33000 key 1000");
  ask("SELECT 4\r\nRPUSH from element");
  Line& blocked = add_line();
  blocked.write("SELECT 3\r\nBLMOVE from to LEFT LEFT 0\r\n");
  watch_turns(4);
  EXPECT_EQ(blocked.read(), "+OK\r\n");
  ask("FLUSHDB ASYNC\r\nCONFIG SET maxmemory 20mb");
  ASSERT_TRUE(harness.core().evictor.over_limit());
  // The key is created by a write that needs no memory.
  ask("SWAPDB 3 4");
  watch_turns(4);
  EXPECT_EQ(blocked.read(), "$7\r\nelement\r\n");
}

}  // namespace
}  // namespace larder::server
