// The data of closed clients is freed in steps: it has no effect any more, and every byte stays
// charged to its owner until it is freed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/server/socket_fixture.h"

namespace larder::server {
namespace {

using harness::Harness;
using testing::HasSubstr;

constexpr int kMany = 5000;

class DeferredFrees : public SocketFixture {
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
  // The clock advances at each reading, so that a turn has time for a few pieces only.
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
  // From now on turns have no time for freeing.
  void begin() { harness.clock().us_per_reading = 1'000'000; }

  std::unique_ptr<Harness::Client> client = harness.connect();
  std::unique_ptr<Harness::Client> other = harness.connect();
};

TEST_F(DeferredFrees, WatchesAreFreedInSteps) {
  client->exchange(many("WATCH", "key:"));
  EXPECT_THAT(ask("INFO clients"), HasSubstr("watching_clients:1\r\n"));
  begin();
  EXPECT_EQ(client->exchange("UNWATCH\r\n"), "+OK\r\n");
  expect_to_go_in_steps();
  EXPECT_EQ(harness.core().watches.keys(), 0u);
  EXPECT_EQ(harness.core().watches.sessions(), 0u);
}

TEST_F(DeferredFrees, EndedWatchesAbortNoTransaction) {
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

TEST_F(DeferredFrees, OneChangeAbortsASessionWithManyWatches) {
  client->exchange(many("WATCH", "key:"));
  for (const char* change : {"SET key:17 v", "FLUSHALL"}) {
    EXPECT_EQ(ask(change), "+OK\r\n");
    EXPECT_EQ(client->exchange("MULTI\r\nPING\r\nEXEC\r\n"), "+OK\r\n+QUEUED\r\n*-1\r\n");
    ask("SET key:17 v");
    client->exchange(many("WATCH", "key:"));
  }
  expect_balance();
}

TEST_F(DeferredFrees, TransactionQueueIsFreedInSteps) {
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

TEST_F(DeferredFrees, SubscriptionsAreFreedInSteps) {
  client->exchange(many("SUBSCRIBE", "channel:"));
  client->exchange(many("PSUBSCRIBE", "pattern:"));
  begin();
  client->exchange("RESET\r\n");
  EXPECT_EQ(ask("PUBLISH channel:17 x"), ":0\r\n");
  EXPECT_EQ(ask("PUBLISH pattern:17 x"), ":0\r\n");
  EXPECT_EQ(ask("PUBSUB NUMSUB channel:17"), "*2\r\n$10\r\nchannel:17\r\n:0\r\n");
  // In a transaction the walk over the channels does not wait for the next turn.
  EXPECT_EQ(ask("MULTI\r\nPUBSUB CHANNELS\r\nEXEC"), "+OK\r\n+QUEUED\r\n*1\r\n*0\r\n");
  EXPECT_EQ(ask("PUBSUB NUMPAT"), ":0\r\n");
  client->exchange("SUBSCRIBE channel:17\r\n");
  EXPECT_EQ(ask("PUBLISH channel:17 x"), ":1\r\n");
  EXPECT_EQ(ask("PUBLISH channel:17 " + std::string(1000, 'x')), ":1\r\n");
  expect_to_go_in_steps();
  EXPECT_EQ(ask("PUBSUB CHANNELS"), "*1\r\n$10\r\nchannel:17\r\n");
}

TEST_F(DeferredFrees, SubscriptionsOfAClosedClientHaveNoEffect) {
  {
    const auto gone = harness.connect();
    gone->exchange(many("SUBSCRIBE", "channel:"));
    begin();
  }
  EXPECT_EQ(ask("PUBLISH channel:17 x"), ":0\r\n");
  expect_balance();
  expect_to_go_in_steps();
}

std::string long_wait() {
  std::string line = "BLPOP";
  for (int i = 0; i < kMany; ++i) line += " key:" + std::to_string(i);
  return line + " 0\r\n";
}

TEST_F(DeferredFrees, KeysOfABlockedCommandAreFreedInSteps) {
  const auto third = harness.connect();
  client->exchange(long_wait());
  third->exchange("BLPOP key:17 0\r\n");
  begin();
  EXPECT_EQ(ask("CLIENT UNBLOCK " + std::to_string(client->session().id)), ":1\r\n");
  EXPECT_EQ(client->exchange({}), "*-1\r\n");
  EXPECT_THAT(ask("INFO clients"), HasSubstr("blocked_clients:1\r\n"));
  // The unblocked client is not served any more; the next blocked client is.
  EXPECT_EQ(ask("RPUSH key:18 v"), ":1\r\n");
  EXPECT_EQ(ask("LLEN key:18"), ":1\r\n");
  EXPECT_EQ(ask("RPUSH key:17 v"), ":1\r\n");
  EXPECT_EQ(third->exchange({}), "*2\r\n$6\r\nkey:17\r\n$1\r\nv\r\n");
  // It may block again on the same keys.
  client->exchange("BLPOP key:4999 0\r\n");
  EXPECT_EQ(ask("RPUSH key:4999 w"), ":1\r\n");
  EXPECT_EQ(client->exchange({}), "*2\r\n$8\r\nkey:4999\r\n$1\r\nw\r\n");
  expect_to_go_in_steps();
  EXPECT_EQ(harness.core().waiters.keys(), 0u);
}

TEST_F(DeferredFrees, KeysOfAServedOrClosedClientAreFreedInSteps) {
  begin();
  client->exchange(long_wait());
  EXPECT_EQ(ask("RPUSH key:17 v"), ":1\r\n");
  EXPECT_EQ(client->exchange({}), "*2\r\n$6\r\nkey:17\r\n$1\r\nv\r\n");
  EXPECT_GT(left(), kMany - 100u);
  {
    const auto gone = harness.connect();
    gone->exchange(long_wait());
  }
  EXPECT_EQ(ask("RPUSH key:18 v"), ":1\r\n");
  EXPECT_GT(left(), 2 * kMany - 200u);
  EXPECT_THAT(ask("INFO clients"), HasSubstr("blocked_clients:0\r\n"));
  expect_to_go_in_steps();
}

TEST_F(DeferredFrees, SwapdbChecksBlockedKeysInSteps) {
  ask("SELECT 1");
  ask("RPUSH key:17 v");
  ask("SELECT 0");
  const auto third = harness.connect();
  third->exchange("SELECT 2\r\n");
  third->exchange(long_wait());
  EXPECT_EQ(ask("SWAPDB 2 3"), "+OK\r\n");
  int turns = 1;
  while (harness.end_turn()) ++turns;
  EXPECT_GT(turns, kMany / 1500);
  EXPECT_EQ(third->exchange({}), "");
  client->exchange(long_wait());
  EXPECT_EQ(ask("SWAPDB 0 1"), "+OK\r\n");
  while (harness.end_turn()) {
  }
  EXPECT_EQ(client->exchange({}), "*2\r\n$6\r\nkey:17\r\n$1\r\nv\r\n");
}

TEST_F(DeferredFrees, UnsubscribeFromAllContinuesInLaterTurns) {
  client->exchange(many("SUBSCRIBE", "channel:"));
  begin();
  std::string got = client->exchange("UNSUBSCRIBE\r\nPING\r\n");
  const auto answers = [](const std::string& text) {
    return std::count(text.begin(), text.end(), '*');
  };
  EXPECT_LT(answers(got), 200);
  for (int i = 0; i < 1000 && !got.ends_with("+PONG\r\n"); ++i) {
    harness.end_turn();
    const std::string more = client->exchange({});
    EXPECT_LT(answers(more), 200);
    got += more;
  }
  EXPECT_EQ(answers(got), kMany);
  EXPECT_TRUE(got.ends_with("$9\r\nchannel:0\r\n:0\r\n+PONG\r\n")) << got.substr(got.size() - 60);
  EXPECT_EQ(ask("PUBSUB CHANNELS"), "*0\r\n");
}

// Commands that add data help to free deferred data; closing a client does not.
TEST_F(DeferredFrees, ClosedClientsDoNotFreeDataOfOthers) {
  begin();
  while (left() <= (1u << 18)) client->exchange(many("WATCH", "key:") + "UNWATCH\r\n");
  client->exchange(many("WATCH", "key:"));
  const std::size_t before = left();
  client->exchange("UNWATCH\r\n");
  EXPECT_GT(left(), before + kMany - 100);
}

// A flush does not visit watched keys.
TEST_F(DeferredFrees, FlushDoesNotWalkWatchedKeys) {
  for (const char* const change : {"FLUSHALL", "FLUSHDB", "SWAPDB 0 1"}) {
    ask("SET key:7 v");
    client->exchange("WATCH key:7 key:8\r\n");
    EXPECT_EQ(ask(change), "+OK\r\n");
    EXPECT_EQ(harness.core().watches.keys(), 2u);
    EXPECT_THAT(ask("CLIENT LIST"), HasSubstr("flags=d "));
    // Keys watched after that are not recorded.
    client->exchange("WATCH key:9\r\n");
    EXPECT_EQ(harness.core().watches.keys(), 2u);
    EXPECT_EQ(client->exchange("MULTI\r\nPING\r\nEXEC\r\n"), "+OK\r\n+QUEUED\r\n*-1\r\n");
    EXPECT_EQ(harness.core().watches.keys(), 0u);
  }
}

TEST_F(DeferredFrees, IsBoundedIfClientsAddMoreThanTurnsFree) {
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
TEST_F(DeferredFrees, ManyConnectionsAreClosedInSteps) {
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

// Reading that a connection has ended takes a system call too.
TEST_F(DeferredFrees, FewEndedConnectionsAreReadWhileOthersAreClosed) {
  std::vector<Line> lines;
  for (std::size_t i = 0; i < 600; ++i) lines.push_back(connect());
  turns(3);
  harness.clock().us_per_reading = 100;
  lines.clear();
  const auto reads = [this] { return metrics.reads_processed.value(); };
  std::uint64_t before = reads();
  turn();
  EXPECT_LE(reads() - before, 256u);
  for (int i = 0; i < 5; ++i) {
    before = reads();
    turn();
    EXPECT_LE(reads() - before, 64u);
  }
  turns(400);
  EXPECT_EQ(connections.size(), 0u);
}

TEST_F(DeferredFrees, ConnectionsThatAreBeingClosedCanBeKilled) {
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

// CLIENT KILL and CLIENT LIST look at some sessions in each turn.
class ManySessions : public DeferredFrees {
 protected:
  ManySessions() {
    for (std::size_t i = 0; i < kSessions; ++i) sessions.push_back(harness.connect());
  }
  std::size_t closing() const {
    return static_cast<std::size_t>(
        std::count_if(sessions.begin(), sessions.end(),
                      [](const auto& one) { return one != nullptr && one->is_closed(); }));
  }
  // Runs turns until there is a reply.
  std::string answer() {
    std::string got;
    for (int i = 0; i < 1000 && got.empty(); ++i) {
      harness.end_turn();
      got = other->exchange({});
    }
    return got;
  }

  static constexpr std::size_t kSessions = 1000;
  std::vector<std::unique_ptr<Harness::Client>> sessions;
};

TEST_F(ManySessions, AreKilledInSteps) {
  begin();
  EXPECT_EQ(ask("CLIENT KILL TYPE normal"), "");
  EXPECT_GT(closing(), 0u);
  EXPECT_LE(closing(), 200u);
  const auto come_later = harness.connect();
  sessions[900].reset();
  std::string got;
  for (int i = 0; i < 100 && got.empty(); ++i) {
    const std::size_t before = closing();
    harness.end_turn();
    EXPECT_LE(closing() - before, 200u);
    got = other->exchange({});
  }
  // 1,000 sessions without the one that closed, and the first client.
  EXPECT_EQ(got, ":1000\r\n");
  EXPECT_EQ(closing(), kSessions - 1);
  EXPECT_FALSE(come_later->is_closed());
}

TEST_F(ManySessions, AreListedOnceInSteps) {
  begin();
  EXPECT_EQ(ask("CLIENT LIST"), "");
  harness.end_turn();
  const auto come_later = harness.connect();
  const std::uint64_t gone = sessions[900]->session().id;
  sessions[900].reset();
  const std::string got = answer();
  EXPECT_EQ(std::count(got.begin(), got.end(), '\n'), static_cast<long>(kSessions + 2 - 1 + 2));
  EXPECT_THAT(got, testing::Not(HasSubstr("id=" + std::to_string(gone) + " ")));
  for (std::size_t i = 0; i < kSessions; ++i) {
    if (sessions[i] == nullptr) continue;
    const std::string id = "id=" + std::to_string(sessions[i]->session().id) + " ";
    const auto at = got.find(id);
    ASSERT_NE(at, std::string::npos) << id;
    ASSERT_EQ(got.find(id, at + 1), std::string::npos) << id;
  }
  EXPECT_EQ(std::stoul(got.substr(1)), got.size() - got.find('\n') - 3);
  expect_balance();
}

TEST_F(ManySessions, AreKilledAtOnceInATransaction) {
  begin();
  EXPECT_EQ(ask("MULTI\r\nCLIENT KILL TYPE normal\r\nEXEC"), "+OK\r\n+QUEUED\r\n*1\r\n:1001\r\n");
}

}  // namespace
}  // namespace larder::server
