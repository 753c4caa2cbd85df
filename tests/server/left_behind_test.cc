// The data of closed clients is freed in steps: it has no effect any more, and every byte stays
// charged to its owner until it is freed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/server/socket_fixture.h"

namespace larder::server {
namespace {

using testing::HasSubstr;

constexpr int kMany = 5000;

class LeftBehind : public SocketFixture {
 protected:
  std::string many(const std::string& command, const std::string& name) {
    std::string line = command;
    for (int i = 0; i < kMany; ++i) line += " " + name + std::to_string(i);
    return line + "\r\n";
  }
  std::string ask(const std::string& line) { return other->exchange(line + "\r\n"); }
  std::size_t left() { return harness.core().sessions.left_pieces(); }
  void expect_balance() {
    const memory::Audit audit = harness.core().auditor.run();
    EXPECT_TRUE(audit.balanced()) << audit.text();
  }
  // In a turn in which the clock advances at each reading there is time only for a few pieces.
  void expect_to_go_in_steps() {
    EXPECT_GT(left(), 0u);
    harness.clock().us_per_reading = 100;
    for (std::size_t before = left(); before > 0; before = left()) {
      harness.end_turn();
      EXPECT_LT(left(), before);
      EXPECT_LE(before - left(), 100u);
      expect_balance();
    }
    harness.clock().us_per_reading = 0;
  }
  // Turns without time.
  void begin() { harness.clock().us_per_reading = 1'000'000; }

  std::unique_ptr<Harness::Client> client = harness.connect();
  std::unique_ptr<Harness::Client> other = harness.connect();
};

TEST_F(LeftBehind, WatchesGoInSteps) {
  client->exchange(many("WATCH", "key:"));
  EXPECT_THAT(ask("INFO clients"), HasSubstr("watching_clients:1\r\n"));
  begin();
  EXPECT_EQ(client->exchange("UNWATCH\r\n"), "+OK\r\n");
  expect_to_go_in_steps();
  EXPECT_EQ(harness.core().watches.keys(), 0u);
  EXPECT_EQ(harness.core().watches.sessions(), 0u);
}

TEST_F(LeftBehind, WatchesThatWereLeftSpoilNothing) {
  client->exchange(many("WATCH", "key:"));
  begin();
  client->exchange("UNWATCH\r\nWATCH key:4999\r\nMULTI\r\nPING\r\n");
  EXPECT_EQ(ask("SET key:1 v"), "+OK\r\n");
  EXPECT_EQ(client->exchange("EXEC\r\n"), "*1\r\n+PONG\r\n");
  client->exchange("WATCH key:4999\r\nMULTI\r\nPING\r\n");
  EXPECT_EQ(ask("SET key:4999 v"), "+OK\r\n");
  EXPECT_EQ(client->exchange("EXEC\r\n"), "*-1\r\n");
  expect_to_go_in_steps();
}

TEST_F(LeftBehind, ManyWatchesAreSpoiledByOneChange) {
  client->exchange(many("WATCH", "key:"));
  for (const char* change : {"SET key:17 v", "FLUSHALL"}) {
    EXPECT_EQ(ask(change), "+OK\r\n");
    EXPECT_EQ(client->exchange("MULTI\r\nPING\r\nEXEC\r\n"), "+OK\r\n+QUEUED\r\n*-1\r\n");
    ask("SET key:17 v");
    client->exchange(many("WATCH", "key:"));
  }
  expect_balance();
}

TEST_F(LeftBehind, AQueueGoesInSteps) {
  std::string lines = "MULTI\r\n";
  for (int i = 0; i < kMany; ++i)
    lines += "SET key:" + std::to_string(i) + " " + std::string(900, 'v') + "\r\n";
  client->exchange(lines);
  begin();
  EXPECT_EQ(client->exchange("DISCARD\r\n"), "+OK\r\n");
  expect_balance();
  expect_to_go_in_steps();
  EXPECT_EQ(ask("DBSIZE"), ":0\r\n");
}

TEST_F(LeftBehind, SubscriptionsGoInSteps) {
  client->exchange(many("SUBSCRIBE", "channel:"));
  client->exchange(many("PSUBSCRIBE", "pattern:"));
  begin();
  client->exchange("RESET\r\n");
  EXPECT_EQ(ask("PUBLISH channel:17 x"), ":0\r\n");
  EXPECT_EQ(ask("PUBLISH pattern:17 x"), ":0\r\n");
  EXPECT_EQ(ask("PUBSUB NUMSUB channel:17"), "*2\r\n$10\r\nchannel:17\r\n:0\r\n");
  EXPECT_EQ(ask("PUBSUB CHANNELS"), "*0\r\n");
  EXPECT_EQ(ask("PUBSUB NUMPAT"), ":0\r\n");
  client->exchange("SUBSCRIBE channel:17\r\n");
  EXPECT_EQ(ask("PUBLISH channel:17 x"), ":1\r\n");
  EXPECT_EQ(ask("PUBLISH channel:17 " + std::string(1000, 'x')), ":1\r\n");
  expect_to_go_in_steps();
  EXPECT_EQ(ask("PUBSUB CHANNELS"), "*1\r\n$10\r\nchannel:17\r\n");
}

TEST_F(LeftBehind, AClientThatGoesLeavesNothingThatActs) {
  {
    const auto gone = harness.connect();
    gone->exchange(many("SUBSCRIBE", "channel:"));
    begin();
  }
  EXPECT_EQ(ask("PUBLISH channel:17 x"), ":0\r\n");
  expect_balance();
  expect_to_go_in_steps();
}

TEST_F(LeftBehind, DoesNotGrowWhileClientsLeaveMoreThanTurnsTakeApart) {
  begin();
  std::size_t most = 0;
  for (int i = 0; i < 100; ++i) {
    client->exchange(many("WATCH", "key:") + "UNWATCH\r\n");
    most = std::max(most, left());
  }
  EXPECT_LT(most, (1u << 18) + 2 * kMany);
  EXPECT_GT(most, 1u << 18);
  harness.clock().us_per_reading = 0;
  while (left() > 0) harness.end_turn();
  expect_balance();
}

// Closing a connection is a system call of some microseconds.
TEST_F(LeftBehind, ManyConnectionsAreClosedInSteps) {
  constexpr std::size_t kConnections = 300;
  std::vector<Line> lines;
  for (std::size_t i = 0; i < kConnections; ++i) lines.push_back(connect());
  turns(3);
  EXPECT_EQ(connections.size(), kConnections);
  harness.clock().us_per_reading = 100;
  lines.clear();
  std::size_t before = connections.size();
  for (int turn_number = 0; turn_number < 200 && before > 0; ++turn_number) {
    turn();
    EXPECT_LE(before - connections.size(), 10u);
    before = connections.size();
  }
  EXPECT_EQ(connections.size(), 0u);
  expect_balance();
}

TEST_F(LeftBehind, ConnectionsThatWaitToBeClosedMayBeKilled) {
  std::vector<Line> lines;
  for (int i = 0; i < 50; ++i) lines.push_back(connect());
  turns(3);
  harness.clock().us_per_reading = 100;
  ask("CLIENT KILL TYPE normal SKIPME yes");
  turn();
  EXPECT_GT(connections.size(), 30u);
  ask("CLIENT KILL TYPE normal SKIPME yes");
  lines.clear();
  turns(30);
  EXPECT_EQ(connections.size(), 0u);
}

}  // namespace
}  // namespace larder::server
