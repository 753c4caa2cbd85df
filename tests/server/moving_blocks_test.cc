// Every block of the keyspace moves between any two commands, and nobody notices: the replies are
// those of a server in which nothing moves.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "larder/keyspace/relocation_walk.h"
#include "random_commands.h"
#include "tests/harness/harness.h"
#include "tests/types/relocation_support.h"

namespace larder::server {
namespace {

using harness::Harness;
using types::relocation::TestMover;

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
    RandomCommands words;
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
