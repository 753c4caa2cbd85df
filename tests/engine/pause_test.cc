#include "larder/engine/pause.h"

#include <memory>

#include "larder/base/hash.h"
#include "room.h"

namespace larder::engine {
namespace {

class Pausing : public Room {
 protected:
  ~Pausing() override { pause.end(Pause::Purpose::client); }

  struct Client {
    explicit Client(Pausing& room)
        : output(room.pool), session(room.sessions, peer, output, room.clock) {}
    ~Client() { session.leave(); }
    NoPeer peer;
    resp::ReplyBuffer output;
    Session session;
  };
  std::size_t run_as(Client& caller, const Words& words) {
    const std::vector<std::string_view> views(words.begin(), words.end());
    const resp::Request request{.args = views, .bytes = 0};
    return executor.run(caller.session, {&request, 1}, std::numeric_limits<std::size_t>::max());
  }
  void pause_for(Pause::Extent extent, std::int64_t ms) {
    pause.begin(Pause::Purpose::client, extent, clock.steady_ms() + ms);
  }
  void put_until(std::string_view key, std::int64_t unix_ms) {
    keyspace.db(0).put({key, base::hash_bytes(key)}, "v", keyspace::Deadline::at(unix_ms));
  }

  Pause pause{{clock, gates, keyspace, waiters.paused()}};
};

TEST_F(Pausing, DelaysWritesUntilItEnds) {
  pause_for(Pause::Extent::writes, 1000);
  EXPECT_EQ(run({{"get", "k"}, {"set", "k", "v"}, {"get", "k"}}), 1u);
  EXPECT_EQ(take_output(), "$-1\r\n");
  EXPECT_TRUE(session.is_held());
  EXPECT_EQ(pause.held(), 1u);
  EXPECT_EQ(pause.deadline_us(), clock.steady_us() + 1'000'000);
  EXPECT_EQ(session.last_command->name, "set");
  EXPECT_EQ(commands.find("set")->stats.calls, 0u);
  clock.advance_ms(999);
  pause.expire();
  EXPECT_EQ(run({{"set", "k", "v"}}), 0u);
  EXPECT_EQ(peer.unblockings, 0);
  clock.advance_ms(1);
  pause.expire();
  EXPECT_FALSE(session.is_held());
  EXPECT_EQ(peer.unblockings, 1);
  EXPECT_EQ(pause.deadline_us(), 0);
  EXPECT_EQ(run({{"set", "k", "v"}, {"get", "k"}}), 2u);
  EXPECT_EQ(take_output(), "+OK\r\n$1\r\nv\r\n");
}

TEST_F(Pausing, OfAllCommandsDelaysReadsToo) {
  pause_for(Pause::Extent::all, 1000);
  EXPECT_EQ(run({{"get", "k"}}), 0u);
  pause.end(Pause::Purpose::client);
  EXPECT_EQ(run({{"get", "k"}}), 1u);
}

TEST_F(Pausing, TwoPausesCombineToTheLongerAndStricter) {
  pause_for(Pause::Extent::all, 1000);
  pause_for(Pause::Extent::writes, 10);
  clock.advance_ms(500);
  pause.expire();
  EXPECT_EQ(run({{"get", "k"}}), 0u);
  clock.advance_ms(500);
  pause.expire();
  EXPECT_FALSE(pause.is_on());
  pause_for(Pause::Extent::writes, 10);
  EXPECT_EQ(run({{"get", "k"}}), 1u);
}

TEST_F(Pausing, LastsUntilAllPurposesHaveEnded) {
  pause_for(Pause::Extent::all, 100);
  pause.begin(Pause::Purpose::failover, Pause::Extent::writes, clock.steady_ms() + 1000);
  EXPECT_EQ(pause.deadline_us(), clock.steady_us() + 100'000);
  EXPECT_EQ(run({{"get", "k"}}), 0u);
  pause.end(Pause::Purpose::client);
  EXPECT_EQ(run({{"get", "k"}}), 1u);
  EXPECT_EQ(run({{"set", "k", "v"}}), 0u);
  EXPECT_EQ(pause.deadline_us(), clock.steady_us() + 1'000'000);
  pause.end(Pause::Purpose::failover);
  EXPECT_EQ(run({{"set", "k", "v"}}), 1u);
  EXPECT_FALSE(pause.is_on());
}

TEST_F(Pausing, OfOneLeavesTheOthersWhenItsTimeIsOver) {
  pause_for(Pause::Extent::writes, 100);
  pause.begin(Pause::Purpose::shutdown, Pause::Extent::writes, clock.steady_ms() + 50);
  clock.advance_ms(50);
  pause.expire();
  EXPECT_TRUE(pause.is_on());
  EXPECT_EQ(run({{"set", "k", "v"}}), 0u);
  clock.advance_ms(50);
  pause.expire();
  EXPECT_EQ(run({{"set", "k", "v"}}), 1u);
}

TEST_F(Pausing, NeverEndsIfItsEndExceedsTheClock) {
  pause.begin(Pause::Purpose::client, Pause::Extent::writes,
              std::numeric_limits<std::int64_t>::max());
  clock.advance_ms(1'000'000);
  pause.expire();
  EXPECT_TRUE(pause.is_on());
  EXPECT_EQ(pause.deadline_us(), std::numeric_limits<std::int64_t>::max());
}

TEST_F(Pausing, DelaysTransactionsThatWrite) {
  Client reader(*this);
  for (const Words& words : {Words{"multi"}, Words{"set", "k", "v"}}) run({words});
  for (const Words& words : {Words{"multi"}, Words{"get", "k"}}) run_as(reader, words);
  pause_for(Pause::Extent::writes, 1000);
  EXPECT_EQ(run_as(reader, {"exec"}), 1u);
  EXPECT_EQ(run({{"exec"}}), 0u);
  EXPECT_EQ(keyspace.size(), 0u);
  pause.end(Pause::Purpose::client);
  EXPECT_EQ(run({{"exec"}}), 1u);
  EXPECT_EQ(keyspace.size(), 1u);
}

TEST_F(Pausing, DelaysQueueingOfWrites) {
  pause_for(Pause::Extent::writes, 1000);
  EXPECT_EQ(run({{"multi"}, {"get", "k"}, {"set", "k", "v"}, {"exec"}}), 2u);
  EXPECT_EQ(take_output(), "+OK\r\n+QUEUED\r\n");
  pause.end(Pause::Purpose::client);
  EXPECT_EQ(run({{"set", "k", "v"}, {"exec"}}), 2u);
  EXPECT_EQ(take_output(), "+QUEUED\r\n*2\r\n$-1\r\n+OK\r\n");
}

TEST_F(Pausing, LetsTheTransactionThatStartedItFinish) {
  prompt.act = [this] { pause_for(Pause::Extent::all, 1000); };
  EXPECT_EQ(run({{"multi"}, {"act"}, {"set", "k", "v"}, {"exec"}, {"get", "k"}}), 4u);
  EXPECT_EQ(keyspace.size(), 1u);
}

TEST_F(Pausing, HidesExpiredKeysWithoutRemovingThem) {
  put_until("k", clock.unix_ms() + 10);
  pause_for(Pause::Extent::writes, 1000);
  clock.advance_ms(20);
  sweeper.run(base::Budget::unlimited());
  executor.end_turn();
  EXPECT_EQ(reply({"get", "k"}), "$-1\r\n");
  EXPECT_EQ(keyspace.size(), 1u);
  // All keys are expired: a search for a key must end nevertheless.
  EXPECT_NE(keyspace.db(0).random(rng), nullptr);
  pause.end(Pause::Purpose::client);
  EXPECT_EQ(keyspace.db(0).random(rng), nullptr);
  EXPECT_EQ(keyspace.size(), 0u);
}

TEST_F(Pausing, EvictsNothing) {
  for (int i = 0; i < 1000; ++i) run({{"set", "k" + std::to_string(i), std::string(200, 'v')}});
  pause_for(Pause::Extent::writes, 1000);
  limit("1", "allkeys-lru");
  EXPECT_FALSE(evictor.over_limit());
  executor.end_turn();
  EXPECT_EQ(keyspace.size(), 1000u);
  pause.end(Pause::Purpose::client);
  EXPECT_TRUE(evictor.over_limit());
  while (executor.end_turn()) {
  }
  EXPECT_EQ(keyspace.size(), 0u);
}

TEST_F(Pausing, ServesBlockedClientsWhenItEnds) {
  Client waiter(*this);
  run_as(waiter, {"bpop", "k", "0"});
  prompt.act = [this] { pause_for(Pause::Extent::writes, 1000); };
  run({{"multi"}, {"push", "k", "a"}, {"act"}, {"exec"}});
  EXPECT_FALSE(executor.end_turn());
  EXPECT_TRUE(waiter.session.is_blocked());
  pause.end(Pause::Purpose::client);
  executor.end_turn();
  EXPECT_FALSE(waiter.session.is_blocked());
  EXPECT_EQ(waiter.output.size(), std::string("+k=a\r\n").size());
}

TEST_F(Pausing, ForgetsClosedSessions) {
  pause_for(Pause::Extent::writes, 1000);
  {
    Client gone(*this);
    EXPECT_EQ(run_as(gone, {"set", "k", "v"}), 0u);
    EXPECT_EQ(pause.held(), 1u);
  }
  EXPECT_EQ(pause.held(), 0u);
}

}  // namespace
}  // namespace larder::engine
