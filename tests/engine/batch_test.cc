#include "room.h"

namespace larder::engine {
namespace {

using Batch = Room;

TEST_F(Batch, RepliesInOrder) {
  EXPECT_EQ(run({{"set", "a", "1"}, {"get", "a"}, {"del", "a"}, {"get", "a"}, {"nosuch"}}), 5u);
  EXPECT_EQ(take_output(),
            "+OK\r\n$1\r\n1\r\n:1\r\n$-1\r\n"
            "-ERR unknown command 'nosuch', with args beginning with: \r\n");
}

TEST_F(Batch, StopsAtTheLimitOfUnsentRepliesAndContinuesLater) {
  reply({"set", "a", std::string(1000, 'x')});
  const std::vector<Words> gets(10, Words{"get", "a"});
  EXPECT_EQ(run(gets, 2500), 3u);
  EXPECT_GT(output.size(), 2500u);
  EXPECT_EQ(run(gets, 2500), 0u);
  take_output();
  EXPECT_EQ(run({gets.begin() + 3, gets.end()}, 2500), 3u);
}

TEST_F(Batch, EndsWhenTheSessionCloses) {
  EXPECT_EQ(run({{"set", "a", "1"}, {"close"}, {"set", "a", "2"}}), 2u);
  EXPECT_EQ(peer.closings, 1);
  EXPECT_EQ(session.closing, Closing::after_reply);
  EXPECT_EQ(run({{"set", "a", "2"}}), 0u);
}

TEST_F(Batch, RecordsTheLastActivityOfTheSession) {
  clock.advance_ms(5000);
  reply({"get", "a"});
  EXPECT_EQ(session.last_active_ms, clock.steady_ms());
  EXPECT_EQ(session.last_command->name, "get");
}

TEST_F(Batch, SendsNothingWhileRepliesAreOff) {
  EXPECT_EQ(reply({"mode", "off"}), "");
  EXPECT_EQ(reply({"set", "a", "1"}), "");
  EXPECT_EQ(reply({"nosuch"}), "");
  EXPECT_EQ(reply({"get"}), "");
  EXPECT_EQ(reply({"mode", "on"}), "+OK\r\n");
  EXPECT_EQ(reply({"get", "a"}), "$1\r\n1\r\n");
}

TEST_F(Batch, SkipsOnlyTheReplyOfTheNextCommand) {
  EXPECT_EQ(run({{"mode", "skip"}, {"get", "a"}, {"set", "a", "1"}, {"get", "a"}}), 4u);
  EXPECT_EQ(take_output(), "+OK\r\n$1\r\n1\r\n");
}

TEST_F(Batch, NoTouchReadsDoNotUpdateAccessTimes) {
  reply({"set", "a", "1"});
  clock.advance_ms(10'000);
  session.no_touch = true;
  reply({"get", "a"});
  const auto key = keyspace::Key::of("a");
  const auto* entry = keyspace.db(0).look(key, keyspace::Look::untouched);
  EXPECT_EQ(keyspace.access().idle_ms(*entry), 10'000);
  session.no_touch = false;
  reply({"get", "a"});
  EXPECT_EQ(keyspace.access().idle_ms(*entry), 0);
}

TEST_F(Batch, UsesTheDatabaseOfTheSession) {
  session.db = 4;
  reply({"set", "a", "4"});
  EXPECT_EQ(keyspace.db(4).size(), 1u);
  session.db = 0;
  EXPECT_EQ(reply({"get", "a"}), "$-1\r\n");
}

TEST_F(Batch, ResetRestoresTheInitialSessionState) {
  session.db = 4;
  session.name.assign("me");
  session.no_touch = session.no_evict = true;
  session.reply.protocol(resp::Protocol::resp3);
  reply({"mode", "off"});
  session.reset();
  EXPECT_EQ(session.db, 0);
  EXPECT_TRUE(session.name.empty());
  EXPECT_FALSE(session.no_touch || session.no_evict);
  EXPECT_EQ(reply({"login"}), "+OK\r\n");
}

}  // namespace
}  // namespace larder::engine
