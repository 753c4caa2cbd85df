// Clients that are blocked on keys, as seen by other clients. GET is parked instead of a blocking
// command; it replies when it runs again after its key has been written.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>

#include "tests/harness/harness.h"

namespace larder::server {
namespace {

using harness::Harness;
using testing::HasSubstr;

class WaitingClients : public testing::Test {
 protected:
  void park(Harness::Client& blocked, std::string_view key, std::int64_t timeout_ms = 0,
            bool wakes_when_gone = false) {
    Core& core = harness.core();
    const std::array<std::string_view, 2> words{"get", key};
    ASSERT_TRUE(core.waiters.wait(blocked.session(), *core.commands.find("get"), words,
                                  {.keys = resp::Args(words).subspan(1),
                                   .type = types::Type::string,
                                   .timeout_ms = timeout_ms,
                                   .wakes_when_gone = wakes_when_gone}));
  }
  std::string ask(const std::string& line) { return other->exchange(line + "\r\n"); }
  std::string id() const { return std::to_string(client->session().id); }

  Harness harness;
  std::unique_ptr<Harness::Client> client = harness.connect();
  std::unique_ptr<Harness::Client> other = harness.connect();
};

TEST_F(WaitingClients, RunLaterRequestsWhenServed) {
  park(*client, "k");
  EXPECT_EQ(client->exchange("PING\r\nSET x 1\r\n"), "");
  EXPECT_EQ(ask("GET x"), "$-1\r\n");
  EXPECT_EQ(ask("SET k v"), "+OK\r\n");
  EXPECT_EQ(ask("GET x"), "$1\r\n1\r\n");
  EXPECT_EQ(client->exchange({}), "$1\r\nv\r\n+PONG\r\n+OK\r\n");
}

TEST_F(WaitingClients, CanBeEndedByClientUnblock) {
  park(*client, "k");
  EXPECT_EQ(ask("CLIENT UNBLOCK " + id()), ":1\r\n");
  EXPECT_EQ(client->exchange("PING\r\n"), "*-1\r\n+PONG\r\n");
  EXPECT_EQ(ask("CLIENT UNBLOCK " + id()), ":0\r\n");
  park(*client, "k");
  EXPECT_EQ(ask("client unblock " + id() + " timeout"), ":1\r\n");
  EXPECT_EQ(client->exchange({}), "*-1\r\n");
  park(*client, "k");
  EXPECT_EQ(ask("CLIENT UNBLOCK " + id() + " ERROR"), ":1\r\n");
  EXPECT_EQ(client->exchange({}), "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n");
  EXPECT_THAT(ask("INFO errorstats"), HasSubstr("errorstat_UNBLOCKED:count=1\r\n"));
}

TEST_F(WaitingClients, CanBeEndedByClientKill) {
  park(*client, "k");
  EXPECT_EQ(ask("CLIENT KILL ID " + id()), ":1\r\n");
  EXPECT_TRUE(client->is_closed());
  EXPECT_EQ(harness.core().waiters.sessions(), 0u);
  EXPECT_EQ(ask("SET k v"), "+OK\r\n");
}

TEST_F(WaitingClients, EndAtTheirTimeout) {
  park(*client, "k", 250);
  harness.advance_ms(200);
  EXPECT_EQ(client->exchange({}), "");
  harness.advance_ms(100);
  EXPECT_EQ(client->exchange({}), "*-1\r\n");
}

TEST_F(WaitingClients, AreMarkedInClientList) {
  EXPECT_THAT(ask("CLIENT LIST ID " + id()), HasSubstr(" flags=N "));
  park(*client, "k");
  EXPECT_EQ(ask("CLIENT NO-EVICT ON"), "+OK\r\n");
  EXPECT_THAT(ask("CLIENT LIST ID " + id()), HasSubstr(" flags=b "));
  ask("SET k v");
  EXPECT_THAT(ask("CLIENT LIST ID " + id()), HasSubstr(" flags=N "));
}

TEST_F(WaitingClients, AreCountedInInfo) {
  park(*client, "k", 1000);
  park(*other, "j", 0, true);
  const std::string info = harness.connect()->exchange("INFO clients\r\n");
  EXPECT_THAT(info, HasSubstr("\r\nblocked_clients:2\r\n"));
  EXPECT_THAT(info, HasSubstr("\r\nclients_in_timeout_table:1\r\n"));
  EXPECT_THAT(info, HasSubstr("\r\ntotal_blocking_keys:2\r\n"));
  EXPECT_THAT(info, HasSubstr("\r\ntotal_blocking_keys_on_nokey:1\r\n"));
  harness.core().waiters.forget(client->session());
  harness.core().waiters.forget(other->session());
  EXPECT_THAT(ask("INFO clients"), HasSubstr("\r\nblocked_clients:0\r\n"));
  EXPECT_THAT(ask("INFO clients"), HasSubstr("\r\ntotal_blocking_keys_on_nokey:0\r\n"));
}

TEST_F(WaitingClients, AreAudited) {
  const std::string name(1000, 'k');
  const auto before = memory::balance(memory::Owner::client_input);
  park(*client, name, 1000);
  EXPECT_GT(memory::balance(memory::Owner::client_input), before + 2000);
  EXPECT_THAT(ask("MEMORY AUDIT"), HasSubstr("\nbalanced"));
  ask("SET " + name + " v");
  EXPECT_THAT(ask("MEMORY AUDIT"), HasSubstr("\nbalanced"));
}

TEST_F(WaitingClients, StayBlockedOnFlushUnlessTheyRequestedRemovals) {
  park(*client, "k");
  auto third = harness.connect();
  ask("SET j v");
  park(*third, "j", 0, true);
  EXPECT_EQ(ask("FLUSHALL"), "+OK\r\n");
  EXPECT_EQ(third->exchange({}), "$-1\r\n");
  EXPECT_EQ(client->exchange({}), "");
  ask("MSET j 1 k 2");
  EXPECT_EQ(client->exchange({}), "$1\r\n2\r\n");
}

TEST_F(WaitingClients, AreServedByRenameCopyAppendMoveAndSwap) {
  const std::array<std::string, 4> ways{"RENAME a k", "COPY a k", "APPEND k v",
                                        "SELECT 1\r\nSET k v\r\nMOVE k 0\r\nSELECT 0"};
  for (const std::string& way : ways) {
    ask("FLUSHALL");
    ask("SET a v");
    park(*client, "k");
    ask(way);
    EXPECT_EQ(client->exchange({}), "$1\r\nv\r\n") << way;
  }
  park(*client, "m");
  ask("SELECT 1\r\nSET m v\r\nSWAPDB 0 1");
  EXPECT_EQ(client->exchange({}), "$1\r\nv\r\n");
}

TEST_F(WaitingClients, AreServedAfterEachCommandOfABatch) {
  park(*client, "k");
  EXPECT_EQ(ask("SET k 1\r\nSET k 2\r\nGET k"), "+OK\r\n+OK\r\n$1\r\n2\r\n");
  EXPECT_EQ(client->exchange({}), "$1\r\n1\r\n");
}

}  // namespace
}  // namespace larder::server
