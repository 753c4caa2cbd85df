#include "effect_lines.h"
#include "waiting_room.h"

namespace larder::engine {
namespace {

TEST_F(Waiting, CommandsRunAgainWhenThePositionIsReached) {
  Client& first = waits({"bsynced", "5", "0"});
  Client& second = waits({"bsynced", "7", "0"});
  Client& third = waits({"bsynced", "5", "0"});
  waiters.reached(4);
  EXPECT_FALSE(waiters.has_ready());
  waiters.reached(6);
  EXPECT_TRUE(waiters.has_ready());
  executor.end_turn();
  EXPECT_EQ(output_of(first) + output_of(second) + output_of(third), "+OK\r\n+OK\r\n");
  EXPECT_TRUE(second.session.is_blocked());
  second.session.leave();
  waiters.reached(8);
  EXPECT_FALSE(waiters.has_ready());
  expect_balance();
}

TEST_F(Waiting, AReachedPositionShowsWhenTheTimeoutPasses) {
  Client& unreached = waits({"bsynced", "9", "100"});
  Client& reached = waits({"bsynced", "5", "100", "more"});
  waiters.reached(5);
  executor.end_turn();
  EXPECT_TRUE(reached.session.is_blocked());
  clock.advance_ms(200);
  waiters.expire();
  EXPECT_EQ(output_of(unreached), "*2\r\n:0\r\n:0\r\n");
  EXPECT_EQ(output_of(reached), "*2\r\n:1\r\n:0\r\n");
  expect_balance();
}

TEST_F(Waiting, EndsWhenTheKeyGetsAnElement) {
  Client& one = waits({"bpop", "k", "0"});
  EXPECT_EQ(output_of(one), "");
  EXPECT_EQ(reply({"push", "k", "a"}), "+OK\r\n");
  EXPECT_FALSE(one.session.is_blocked());
  EXPECT_EQ(output_of(one), "+k=a\r\n");
  EXPECT_EQ(one.peer.unblockings, 1);
  EXPECT_EQ(keyspace.size(), 0u);
}

TEST_F(Waiting, WithoutKeysEndsAtItsTimeout) {
  Client& timed = waits({"bnothing", "20"});
  Client& endless = waits({"bnothing", "0"});
  Client& leaving = waits({"bnothing", "0"});
  EXPECT_EQ(waiters.sessions(), 3u);
  EXPECT_EQ(waiters.keys(), 0u);
  expect_balance();
  EXPECT_EQ(reply({"push", "k", "a"}), "+OK\r\n");
  clock.advance_ms(19);
  EXPECT_EQ(waiters.expire(), 0u);
  clock.advance_ms(1);
  EXPECT_EQ(waiters.expire(), 1u);
  EXPECT_EQ(output_of(timed), "*2\r\n:0\r\n:0\r\n");
  EXPECT_TRUE(waiters.unblock(endless.session, Waiters::Ending::timeout));
  EXPECT_EQ(output_of(endless), "*2\r\n:0\r\n:0\r\n");
  waiters.forget(leaving.session);
  EXPECT_EQ(waiters.sessions(), 0u);
  expect_balance();
}

TEST_F(Waiting, WithoutKeysRecordsNoChanges) {
  const auto is_recorded = [this] {
    keyspace.log().add(keyspace::Event::set, 0, "k");
    const bool recorded = !keyspace.log().empty();
    keyspace.log().clear();
    return recorded;
  };
  Client& one = waits({"bnothing", "0"});
  EXPECT_FALSE(is_recorded());
  Client& two = waits({"bpop", "k", "0"});
  EXPECT_TRUE(is_recorded());
  waiters.forget(two.session);
  EXPECT_FALSE(is_recorded());
  waiters.forget(one.session);
}

TEST_F(Waiting, IsServedInTheOrderOfBlocking) {
  Client& one = waits({"bpop", "k", "0"});
  Client& two = waits({"bpop", "k", "0"});
  Client& three = waits({"bpop", "k", "0"});
  reply({"push", "k", "ab"});
  EXPECT_EQ(output_of(one), "+k=a\r\n");
  EXPECT_EQ(output_of(two), "+k=b\r\n");
  EXPECT_EQ(output_of(three), "");
  reply({"push", "k", "cd"});
  EXPECT_EQ(output_of(three), "+k=c\r\n");
  EXPECT_EQ(reply({"get", "k"}), "$1\r\nd\r\n");
}

TEST_F(Waiting, ServesKeysInTheOrderInWhichTheyBecameReady) {
  EffectLines followed;
  executor.follow(followed);
  waits({"bmove", "a", "x", "0"});
  waits({"bmove", "b", "x", "0"});
  waits({"bmove", "x", "b", "0"});
  waits({"bmove", "b", "y", "0"});
  reply({"push", "b", "1"});
  EXPECT_EQ(followed.lines, (Words{"0: push b 1", "0: MOVED b x", "0: MOVED x b", "0: MOVED b y"}));
  EXPECT_EQ(reply({"get", "y"}), "$1\r\n1\r\n");
  EXPECT_EQ(waiters.sessions(), 1u);
}

TEST_F(Waiting, TriesTheKeysInTheOrderOfTheCommand) {
  Client& one = waits({"bpop", "a", "b", "a", "0"});
  EXPECT_EQ(waiters.keys(), 2u);
  reply({"push", "b", "1"});
  EXPECT_EQ(output_of(one), "+b=1\r\n");
  EXPECT_EQ(waiters.keys(), 0u);
  reply({"push", "a", "1"});
  EXPECT_EQ(output_of(one), "");
}

TEST_F(Waiting, DelaysTheRestOfItsBatch) {
  Client& one = client();
  EXPECT_EQ(run(one, {{"set", "x", "1"}, {"bpop", "k", "0"}, {"get", "x"}}), 2u);
  EXPECT_EQ(output_of(one), "+OK\r\n");
  EXPECT_EQ(run(one, {{"get", "x"}}), 0u);
  reply({"push", "k", "a"});
  EXPECT_EQ(run(one, {{"get", "x"}}), 1u);
  EXPECT_EQ(output_of(one), "+k=a\r\n$1\r\n1\r\n");
}

TEST_F(Waiting, OnePushRunsOneOfManyWaitingCommands) {
  for (int i = 0; i < 10'000; ++i) waits({"bpop", "k", "100"});
  expect_balance();
  reply({"push", "k", "a"});
  EXPECT_EQ(runs.again, 1);
  EXPECT_EQ(waiters.sessions(), 9'999u);
  EXPECT_EQ(output_of(*clients.front()), "+k=a\r\n");
  reply({"push", "k", "abc"});
  EXPECT_EQ(runs.again, 4);
  EXPECT_EQ(waiters.with_deadline(), 9'996u);
}

TEST_F(Waiting, RunsOneOfSeveralEqualCommandsIfTheKeyHasNothingForThem) {
  for (int i = 0; i < 1000; ++i) waits({"bgroup", "k", "a"});
  reply({"push", "k", "z"});
  EXPECT_EQ(runs.again, 1);
  for (int i = 0; i < 1000; ++i) waits({"bgroup", "k", "b"});
  runs = {};
  reply({"push", "k", "b"});
  EXPECT_EQ(output_of(*clients[1000]), "+taken\r\n");
  // One of the first group, the one that takes the letter, the next of its group; and once more
  // after the letter was taken.
  EXPECT_LE(runs.again, 5);
  EXPECT_EQ(waiters.sessions(), 1999u);
}

TEST_F(Waiting, RunsAllCommandsThatRemoveNothing) {
  Client& many = waits({"bread", "k", "2"});
  Client& few = waits({"bread", "k", "0"});
  Client& now = waits({"bread", "k", "$"});
  reply({"push", "k", "a"});
  EXPECT_EQ(output_of(many), "");
  EXPECT_EQ(output_of(few), "$1\r\na\r\n");
  EXPECT_EQ(output_of(now), "$1\r\na\r\n");
  EXPECT_EQ(runs.again, 3);
  Client& later = waits({"bread", "k", "$"});
  reply({"push", "k", "b"});
  EXPECT_EQ(output_of(later), "$2\r\nab\r\n");
  EXPECT_TRUE(many.session.is_blocked());
}

TEST_F(Waiting, KeepsItsPlaceIfItsReRunFindsNothing) {
  Client& first = waits({"bgroup", "k", "a"});
  waits({"bgroup", "k", "a"});
  reply({"push", "k", "z"});
  reply({"push", "k", "a"});
  EXPECT_EQ(output_of(first), "+taken\r\n");
  EXPECT_EQ(waiters.sessions(), 1u);
}

TEST_F(Waiting, EndsWhenItsKeyIsRemovedIfRequested) {
  reply({"push", "k", "z"});
  Client& one = waits({"bgroup", "k", "a"});
  EXPECT_EQ(waiters.keys_awaiting_removal(), 1u);
  reply({"del", "k"});
  EXPECT_EQ(output_of(one), "-GONE with the key\r\n");
  EXPECT_EQ(waiters.keys_awaiting_removal(), 0u);
  EXPECT_EQ(metrics.errors.codes().back().first, "GONE");

  reply({"push", "k", "z"});
  Client& two = waits({"bgroup", "k", "a"});
  keyspace.flush_all();
  EXPECT_TRUE(executor.end_turn());
  EXPECT_EQ(output_of(two), "-GONE with the key\r\n");

  keyspace.db(0).put(keyspace::Key::of("k"), "z", keyspace::Deadline::at(clock.unix_ms() + 10));
  Client& three = waits({"bgroup", "k", "a"});
  clock.advance_ms(20);
  reply({"get", "k"});
  EXPECT_EQ(output_of(three), "-GONE with the key\r\n");
}

TEST_F(Waiting, IsNotRunWhenItsKeyIsRemovedUnlessRequested) {
  Client& one = waits({"bpop", "k", "0"});
  keyspace.db(0).put(keyspace::Key::of("k"), "1");
  keyspace.db(0).erase(keyspace::Key::of("k"));
  executor.end_turn();
  EXPECT_TRUE(one.session.is_blocked());
  EXPECT_EQ(runs.again, 0);
}

TEST_F(Waiting, IsServedBySwapOfDatabases) {
  keyspace.db(3).put(keyspace::Key::of("k"), "a");
  Client& one = waits({"bpop", "k", "0"});
  keyspace.swap(0, 3);
  executor.end_turn();
  EXPECT_EQ(output_of(one), "+k=a\r\n");
}

TEST_F(Waiting, AppliesToTheDatabaseInWhichItBegan) {
  Client& one = client();
  one.session.db = 2;
  run(one, {{"bpop", "k", "0"}});
  reply({"push", "k", "a"});
  EXPECT_TRUE(one.session.is_blocked());
  session.db = 2;
  reply({"push", "k", "b"});
  EXPECT_EQ(output_of(one), "+k=b\r\n");
}

TEST_F(Waiting, ReturnsNullAtItsTimeout) {
  Client& array = waits({"bpop", "k", "1.5"});
  Client& bulk = waits({"bmove", "k", "x", "1000"});
  Client& three = client();
  three.session.reply.protocol(resp::Protocol::resp3);
  run(three, {{"bpop", "k", "0.0001"}});
  EXPECT_EQ(waiters.next_deadline_us(), clock.steady_us() + 1000);
  clock.advance_us(999);
  EXPECT_EQ(waiters.expire(), 0u);
  clock.advance_us(1);
  EXPECT_TRUE(executor.end_turn());
  EXPECT_EQ(output_of(three), "_\r\n");
  clock.advance_ms(999);
  executor.end_turn();
  EXPECT_EQ(output_of(bulk), "$-1\r\n");
  EXPECT_EQ(output_of(array), "");
  clock.advance_ms(500);
  executor.end_turn();
  EXPECT_EQ(output_of(array), "*-1\r\n");
  EXPECT_EQ(waiters.next_deadline_us(), 0);
  EXPECT_FALSE(executor.end_turn());
}

TEST_F(Waiting, KeepsItsDeadlineIfItsReRunFindsNothing) {
  Client& one = waits({"bpop", "k", "1"});
  clock.advance_ms(600);
  keyspace.db(0).put(keyspace::Key::of("k"), "");
  executor.end_turn();
  EXPECT_EQ(runs.again, 1);
  clock.advance_ms(400);
  executor.end_turn();
  EXPECT_EQ(output_of(one), "*-1\r\n");
}

TEST_F(Waiting, TenThousandCommandsTimeOutEachAtItsTime) {
  base::Rng order{1};
  for (int i = 0; i < 10'000; ++i) waits({"bpop", "k", std::to_string(1 + order.below(100))});
  for (int i = 0; i < 10'000; i += 3) clients[static_cast<std::size_t>(i)].reset();
  std::size_t left = waiters.sessions();
  for (int second = 1; second <= 100; ++second) {
    clock.advance_ms(1000);
    left -= waiters.expire();
    EXPECT_EQ(waiters.sessions(), left);
    EXPECT_TRUE(left == 0 || waiters.next_deadline_us() > clock.steady_us());
  }
  EXPECT_EQ(left, 0u);
  expect_balance();
}

TEST_F(Waiting, IsRemovedFromAllKeysWithItsSession) {
  waits({"bpop", "a", "b", "9"});
  Client& two = waits({"bpop", "b", "0"});
  clients.front().reset();
  EXPECT_EQ(waiters.keys(), 1u);
  EXPECT_EQ(waiters.with_deadline(), 0u);
  reply({"push", "b", "1"});
  EXPECT_EQ(output_of(two), "+b=1\r\n");
}

TEST_F(Waiting, IsRemovedFromAllKeysWhenItsSessionCloses) {
  Client& one = waits({"bpop", "k", "0"});
  one.session.close(Closing::now);
  EXPECT_FALSE(one.session.is_blocked());
  EXPECT_EQ(waiters.keys(), 0u);
  reply({"push", "k", "1"});
  EXPECT_EQ(reply({"get", "k"}), "$1\r\n1\r\n");
}

TEST_F(Waiting, CanBeUnblocked) {
  Client& one = waits({"bpop", "k", "0"});
  EXPECT_TRUE(waiters.unblock(one.session, Waiters::Ending::timeout));
  EXPECT_FALSE(waiters.unblock(one.session, Waiters::Ending::timeout));
  EXPECT_EQ(output_of(one), "*-1\r\n");
  Client& two = waits({"bpop", "k", "0"});
  EXPECT_TRUE(waiters.unblock(two.session, Waiters::Ending::error));
  EXPECT_EQ(output_of(two), "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n");
  EXPECT_EQ(metrics.error_replies.value(), 1u);
}

TEST_F(Waiting, IsSkippedIfTheSessionMayNotBlock) {
  session.may_block = false;
  EXPECT_EQ(reply({"bpop", "k", "0"}), "$-1\r\n");
  EXPECT_FALSE(session.is_blocked());
  session.may_block = true;
}

TEST_F(Waiting, CountsAsOneCallWhenServed) {
  const CommandStats& stats = commands.find("bpop")->stats;
  Client& one = waits({"bpop", "k", "0"});
  EXPECT_EQ(stats.calls, 0u);
  keyspace.db(0).put(keyspace::Key::of("k"), "");
  executor.end_turn();
  EXPECT_EQ(stats.calls, 0u);
  reply({"push", "k", "a"});
  EXPECT_EQ(stats.calls, 1u);
  EXPECT_EQ(metrics.commands_processed.value(), 2u);
  run(one, {{"bpop", "k", "0"}});
  waiters.unblock(one.session, Waiters::Ending::error);
  EXPECT_EQ(stats.calls, 2u);
  EXPECT_EQ(stats.failed, 1u);
  waits({"bpop", "k", "0"});
  clients.pop_back();
  EXPECT_EQ(stats.calls, 2u);
}

TEST_F(Waiting, HonoursClientReplySkip) {
  Client& one = client();
  run(one, {{"mode", "skip"}, {"bpop", "k", "0"}});
  reply({"push", "k", "a"});
  EXPECT_EQ(output_of(one), "");
  run(one, {{"get", "k"}});
  EXPECT_EQ(output_of(one), "$-1\r\n");
}

TEST_F(Waiting, IsReplicatedAfterTheCommandThatServedIt) {
  EffectLines followed;
  executor.follow(followed);
  waits({"bmove", "k", "x", "0"});
  EXPECT_EQ(followed.lines, Words{});
  run({{"push", "k", "a"}, {"set", "y", "1"}});
  EXPECT_EQ(followed.lines, (Words{"0: push k a", "0: MOVED k x", "0: set y 1"}));
}

TEST_F(Waiting, ChangesAreRecordedOnlyWhileAClientWaits) {
  keyspace.db(0).put(keyspace::Key::of("a"), "1");
  EXPECT_TRUE(keyspace.log().empty());
  Client& one = waits({"bpop", "k", "0"});
  keyspace.db(0).put(keyspace::Key::of("a"), "2");
  EXPECT_FALSE(keyspace.log().empty());
  waiters.forget(one.session);
  executor.end_turn();
  keyspace.db(0).put(keyspace::Key::of("a"), "3");
  EXPECT_TRUE(keyspace.log().empty());
}

TEST_F(Waiting, ReRunCanBeRejectedLikeAnyCommand) {
  Client& one = waits({"bmove", "k", "x", "0"});
  keyspace.db(0).put(keyspace::Key::of("k"), "a");
  limit("1");
  executor.end_turn();
  EXPECT_EQ(output_of(one), "-OOM command not allowed when used memory > 'maxmemory'.\r\n");
  EXPECT_EQ(waiters.sessions(), 0u);
}

TEST_F(Waiting, AcceptsTheEmptyKey) {
  Client& one = waits({"bpop", "", "0"});
  reply({"push", "", "a"});
  EXPECT_EQ(output_of(one), "+=a\r\n");
}

TEST_F(Waiting, RejectsInvalidTimeouts) {
  EXPECT_EQ(reply({"bpop", "k", "x"}), "-ERR timeout is not a float or out of range\r\n");
  EXPECT_EQ(reply({"bpop", "k", "-1"}), "-ERR timeout is negative\r\n");
  EXPECT_EQ(reply({"bpop", "k", "-0.01"}), "-ERR timeout is negative\r\n");
  EXPECT_EQ(reply({"bpop", "k", "1e30"}), "-ERR timeout is out of range\r\n");
  EXPECT_EQ(reply({"bpop", "k", "inf"}), "-ERR timeout is out of range\r\n");
  EXPECT_EQ(reply({"bpop", "k", "9223372036854775"}), "-ERR timeout is out of range\r\n");
  EXPECT_EQ(reply({"bmove", "k", "x", "1.5"}),
            "-ERR timeout is not an integer or out of range\r\n");
  EXPECT_EQ(reply({"bmove", "k", "x", "-1"}), "-ERR timeout is negative\r\n");
  EXPECT_EQ(reply({"bmove", "k", "x", "9223372036854775807"}), "-ERR timeout is out of range\r\n");
  EXPECT_EQ(waiters.sessions(), 0u);
}

// A clock that advances at each reading.
struct SlowClock final : base::Clock {
  explicit SlowClock(std::int64_t step) : step_us(step) { steady_us_ = 1'000'000; }
  void tick() override { steady_us_ = now_us; }
  std::int64_t steady_now_us() const override { return now_us += step_us; }
  std::int64_t step_us;
  mutable std::int64_t now_us = 1'000'000;
};

TEST_F(Waiting, LongChainsAreServedOverSeveralTurns) {
  SlowClock slow(100);
  Executor slowly{{slow, commands, keyspace, evictor, sweeper, gates, effects, metrics, waiters,
                   watches, observer}};
  for (int i = 0; i < 20; ++i) {
    waits({"bmove", "k" + std::to_string(i), "k" + std::to_string(i + 1), "0"});
  }
  const std::array<std::string_view, 3> words{"push", "k0", "a"};
  const resp::Request push{.args = words, .bytes = 0};
  slowly.run(session, {&push, 1}, 1000);
  EXPECT_EQ(waiters.sessions(), 15u);
  // Later commands of the same turn serve no more clients.
  const std::array<std::string_view, 2> other{"get", "x"};
  const resp::Request get{.args = other, .bytes = 0};
  slowly.run(session, {&get, 1}, 1000);
  EXPECT_EQ(waiters.sessions(), 15u);
  int turns = 0;
  for (; waiters.has_ready(); ++turns) EXPECT_TRUE(slowly.end_turn());
  EXPECT_EQ(turns, 3);
  EXPECT_EQ(waiters.sessions(), 0u);
  take_output();
  EXPECT_EQ(reply({"get", "k20"}), "$1\r\na\r\n");
}

TEST_F(Waiting, IsServedAtOnceAfterDeferredSessionsHaveClosed) {
  SlowClock slow(100);
  Executor slowly{{slow, commands, keyspace, evictor, sweeper, gates, effects, metrics, waiters,
                   watches, observer}};
  const auto push = [&](const char* key) {
    const std::array<std::string_view, 3> words{"push", key, "a"};
    const resp::Request request{.args = words, .bytes = 0};
    slowly.run(session, {&request, 1}, 1000);
  };
  for (int i = 0; i < 20; ++i) {
    waits({"bmove", "k" + std::to_string(i), "k" + std::to_string(i + 1), "0"});
  }
  push("k0");
  EXPECT_TRUE(waiters.has_ready());
  clients.clear();
  EXPECT_FALSE(waiters.has_ready());
  slowly.end_turn();
  Client& one = waits({"bpop", "k", "0"});
  push("k");
  EXPECT_EQ(output_of(one), "+k=a\r\n");
}

}  // namespace
}  // namespace larder::engine
