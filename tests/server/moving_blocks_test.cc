// Every block of the keyspace moves between any two commands, and nobody notices: the replies are
// those of a server in which nothing moves.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "larder/keyspace/relocation_walk.h"
#include "tests/harness/harness.h"
#include "tests/types/relocation_support.h"

namespace larder::server {
namespace {

using harness::Harness;
using types::relocation::TestMover;

// Commands whose replies do not depend on a random order. K is a key, F an element, N a number, T
// a text, S a score and M a time in ms.
constexpr std::string_view kCommands[] = {
    "SET K T",
    "SET K N",
    "GET K",
    "APPEND K T",
    "SETRANGE K N T",
    "INCR K",
    "SETBIT K N 1",
    "BITCOUNT K",
    "GETDEL K",
    "PFADD K F F F",
    "PFCOUNT K",
    "HSET K F T",
    "HSET K F N F T F T F F F F F T F N",
    "HGET K F",
    "HDEL K F F",
    "HLEN K",
    "HEXISTS K F",
    "HPEXPIRE K M FIELDS 2 F F",
    "HPTTL K FIELDS 1 F",
    "HPERSIST K FIELDS 1 F",
    "HINCRBY K F 1",
    "SADD K F F F F F F F F",
    "SADD K N",
    "SREM K F F",
    "SISMEMBER K F",
    "SCARD K",
    "SMOVE K K F",
    "SUNIONSTORE K K K",
    "SINTERCARD 2 K K",
    "ZADD K S F S F S F S F S F S F",
    "ZREM K F F",
    "ZSCORE K F",
    "ZRANK K F",
    "ZRANGE K 0 -1 WITHSCORES",
    "ZINCRBY K S F",
    "ZREMRANGEBYRANK K 0 0",
    "ZPOPMIN K",
    "ZRANGESTORE K K 0 -1",
    "LPUSH K F T",
    "RPUSH K T F N F F T T T",
    "LPOP K",
    "RPOP K",
    "LRANGE K 0 -1",
    "LINSERT K BEFORE F T",
    "LSET K 1 T",
    "LREM K 1 F",
    "LMOVE K K LEFT RIGHT",
    "LTRIM K 0 300",
    "XADD K N-N F T",
    "XADD K MAXLEN 300 * F T",
    "XRANGE K - +",
    "XLEN K",
    "XDEL K N-N",
    "XTRIM K MAXLEN 200",
    "XGROUP CREATE K g 0 MKSTREAM",
    "XREADGROUP GROUP g F COUNT 3 STREAMS K >",
    "XPENDING K g",
    "XACK K g N-N",
    "XGROUP DELCONSUMER K g F",
    "XINFO STREAM K FULL",
    "PEXPIRE K M",
    "PERSIST K",
    "PTTL K",
    "DEL K",
    "RENAME K K",
    "COPY K K REPLACE",
    "COPY K K DB 2 REPLACE",
    "TYPE K",
    "OBJECT ENCODING K",
    "SWAPDB 0 2",
    "DEBUG DIGEST-VALUE K",
    "DBSIZE",
};

class Words {
 public:
  // A random command; mostly with keys of its type.
  std::string next() {
    const std::string_view words = kCommands[rng_.below(std::size(kCommands))];
    return fill(words, rng_.below(12) == 0 ? kFamilies[rng_.below(6)] : family_of(words));
  }

 private:
  // Strings, sets, hashes, lists, sorted sets, streams.
  static constexpr std::string_view kFamilies = "sehlzx";

  char family_of(std::string_view words) {
    const std::string_view name = words.substr(0, words.find(' '));
    switch (name[0]) {
      case 'H':
        return 'h';
      case 'Z':
        return 'z';
      case 'X':
        return 'x';
      case 'L':
        return 'l';
      default:
        break;
    }
    if (name == "RPUSH" || name == "RPOP") return 'l';
    constexpr std::string_view kOfSets = "SADD SREM SISMEMBER SCARD SMOVE SUNIONSTORE SINTERCARD";
    if (kOfSets.find(name) != kOfSets.npos) return 'e';
    constexpr std::string_view kOfAll = "PEXPIRE PERSIST PTTL RENAME COPY TYPE OBJECT DEBUG";
    return kOfAll.find(name) != kOfAll.npos ? kFamilies[rng_.below(6)] : 's';
  }
  std::string fill(std::string_view line, char family) {
    std::string filled;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const bool begins = i == 0 || line[i - 1] == ' ' || line[i - 1] == '-';
      const bool ends = i + 1 == line.size() || line[i + 1] == ' ' || line[i + 1] == '-';
      filled += begins && ends ? word(line[i], family) : std::string(1, line[i]);
    }
    return filled;
  }
  std::string word(char kind, char family) {
    switch (kind) {
      case 'K':
        return std::string(1, family) + std::to_string(rng_.below(2));
      case 'F':
        return "element" + std::to_string(rng_.below(400));
      case 'N':
        return std::to_string(rng_.below(400));
      case 'T':
        return std::string(rng_.below(rng_.below(8) == 0 ? 900 : 60), 't');
      case 'S':
        return std::to_string(rng_.below(20));
      case 'M':
        return std::to_string(1 + rng_.below(5000));
      default:
        return std::string(1, kind);
    }
  }

  base::Rng rng_{3};
};

class MovingBlocksTest : public ::testing::Test {
 protected:
  // Commands that create large encodings early.
  MovingBlocksTest() {
    for (auto* harness : {&still_, &moving_}) {
      auto client = harness->connect();
      for (int i = 0; i < 200; ++i) {
        const std::string element = "element" + std::to_string(i);
        client->exchange("HSET h0 " + element + " value\r\nSADD e0 " + element + "\r\nZADD z0 " +
                         std::to_string(i % 20) + " " + element + "\r\nRPUSH l0 " + element +
                         "\r\nXADD x0 " + std::to_string(i + 1) + "-1 " + element + " value\r\n");
      }
    }
  }

  void run(int commands, const std::function<void()>& move) {
    const auto a = still_.connect();
    const auto b = moving_.connect();
    Words words;
    for (int i = 0; i < commands; ++i) {
      const std::string line = words.next();
      const std::string expected = a->exchange(line + "\r\n");
      ASSERT_EQ(b->exchange(line + "\r\n"), expected) << line;
      if (i % 50 == 0) {
        still_.advance_ms(100);
        moving_.advance_ms(100);
      }
      move();
    }
    EXPECT_EQ(b->exchange("DEBUG DIGEST\r\n"), a->exchange("DEBUG DIGEST\r\n"));
    expect_balance();
  }
  void expect_balance() {
    // Blocks of both servers are in one ledger.
    memory::Auditor auditor;
    for (auto* harness : {&still_, &moving_}) {
      while (!harness->core().keyspace.graveyard().drain(base::Budget::unlimited())) {
      }
      auditor.add(harness->core().keyspace);
    }
    const memory::Audit audit = auditor.run();
    EXPECT_TRUE(audit.balanced()) << audit.text();
  }

  Harness still_;
  Harness moving_;
  TestMover mover_;
  keyspace::RelocationWalk walk_{moving_.core().keyspace};
};

TEST_F(MovingBlocksTest, AllBetweenTwoCommands) {
  run(4000, [&] {
    base::Budget unlimited = base::Budget::unlimited();
    mover_.begin_pass();
    EXPECT_TRUE(walk_.run(mover_, unlimited));
  });
  EXPECT_GT(walk_.tally().blocks_moved, 100'000u);
  EXPECT_EQ(walk_.tally().blocks_left, 0u);
}

TEST_F(MovingBlocksTest, AFewBetweenTwoCommands) {
  std::size_t walks = 0;
  run(20'000, [&] {
    base::Budget spent(moving_.clock(), 0);
    mover_.begin_pass();
    walks += walk_.run(mover_, spent) ? 1 : 0;
  });
  EXPECT_GT(walks, 50u);
  EXPECT_GT(walk_.tally().blocks_moved, 10'000u);
}

}  // namespace
}  // namespace larder::server
