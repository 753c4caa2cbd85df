// Memory at the limit: overwrites in one turn, and commands that wait until removed values are
// freed.

#include <algorithm>
#include <deque>

#include "room.h"
#include "step_clock.h"

namespace larder::engine {
namespace {

std::string name_of(int i) { return "key:" + std::to_string(i); }

class OneTurn : public Room {
 protected:
  // 5,000 overwrites of 50 keys with values of two sizes in turn, without an end of the turn.
  // Returns the most by which used_memory exceeded the limit between two batches.
  std::int64_t overwrite(std::size_t bytes) {
    std::int64_t most = 0;
    for (int round = 0; round < 100; ++round) {
      std::vector<Words> batch;
      const std::size_t size = round % 2 == 0 ? bytes : bytes * 3 / 2;
      for (int i = 0; i < 50; ++i) batch.push_back({"set", name_of(i), std::string(size, 'x')});
      EXPECT_EQ(run(batch), 50u);
      const std::string replies = take_output();
      EXPECT_EQ(replies.find('-'), std::string::npos) << replies;
      const auto limit = eviction_settings.maxmemory.value();
      most = std::max(most, static_cast<std::int64_t>(memory::used_bytes()) - limit);
    }
    return most;
  }
};

TEST_F(OneTurn, OfOverwritesFreesMostOfTheOldValues) {
  for (const std::size_t bytes : {100u, 400u, 1000u, 10'000u, 100'000u}) {
    overwrite(bytes);
    const auto most = keyspace::Graveyard::kMostWaiting + 64'000 + 4 * static_cast<int>(bytes);
    EXPECT_LE(keyspace::Graveyard::bytes(), most) << bytes;
  }
}

// Freeing a few dozen pieces takes 20 us.
class LargeRemovals : public RoomOn<StepClock<20>> {
 protected:
  // More than half a megabyte; freeing it takes 12 ms.
  static constexpr const char* kMembers = "20000";

  // The bytes that wait after the batch of requests, as far as the client may run them.
  std::int64_t run_some(Session& client, std::vector<resp::Request>& requests) {
    const std::size_t ran = executor.run(client, requests, std::numeric_limits<std::size_t>::max());
    requests.erase(requests.begin(), requests.begin() + static_cast<std::ptrdiff_t>(ran));
    return keyspace::Graveyard::bytes();
  }
};

// The commands of a turn and its end share the time for freeing, for any number of large values.
TEST_F(LargeRemovals, FreeForABoundedTimeInEachTurn) {
  constexpr int kValues = 20;
  for (int i = 0; i < kValues; ++i) reply({"fill", name_of(i), kMembers});
  std::vector<Words> batch;
  for (int i = 0; i < kValues; ++i) batch.push_back({"del", name_of(i)});
  int turns = 0;
  for (; !batch.empty(); ++turns) {
    ASSERT_LT(turns, 1000);
    const std::int64_t before_us = clock.now_us;
    const std::size_t ran = run(batch);
    batch.erase(batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(ran));
    executor.end_turn();
    // A few readings of the clock in each command and at the end are added.
    EXPECT_LE(clock.now_us - before_us, 2 * base::TurnTime::kTurnUs) << ran;
  }
  EXPECT_GT(turns, 100);
  while (executor.end_turn()) ASSERT_LT(++turns, 1000);
  EXPECT_TRUE(keyspace.graveyard().empty());
}

// Room is made by freeing before any key is evicted. The time for it leaves less for the freeing
// that follows in the same turn, also if all the room was made.
TEST_F(LargeRemovals, MakingRoomAndFreeingShareTheTimeOfATurn) {
  for (int i = 0; i < 20'000; ++i) {
    keyspace.db(0).put(keyspace::Key::of(name_of(i)), std::string(100, 'x'));
  }
  for (int i = 0; i < 20'000; ++i) keyspace.db(0).erase(keyspace::Key::of(name_of(i)));
  constexpr auto kUncounted = static_cast<std::uint64_t>(keyspace::Graveyard::kMostWaiting);
  limit(std::to_string(memory::used_bytes() - kUncounted - 20'000), "allkeys-lru");
  EXPECT_TRUE(evictor.over_limit());
  const std::int64_t before_us = clock.now_us;
  executor.end_turn();
  EXPECT_FALSE(evictor.over_limit());
  EXPECT_FALSE(keyspace.graveyard().empty());
  // Each part may pass its time by a look at the clock.
  EXPECT_LE(clock.now_us - before_us, base::TurnTime::kTurnUs + 240);
}

// Each command takes longer to free than a turn has time for. However long a client goes on, what
// waits to be freed does not grow.
TEST_F(LargeRemovals, OfOneClientDoNotAccumulate) {
  const std::vector<std::string_view> words{"fill", "k", kMembers};
  std::vector<resp::Request> requests(60, {.args = words, .bytes = 0});
  std::int64_t most = 0;
  for (int turns = 0; !requests.empty(); ++turns) {
    ASSERT_LT(turns, 2000);
    most = std::max(most, run_some(session, requests));
    executor.end_turn();
  }
  EXPECT_GT(most, 1 << 20);
  EXPECT_LT(most, 2 << 20);
  EXPECT_EQ(take_output().size(), 60 * std::string_view("+OK\r\n").size());
}

TEST_F(LargeRemovals, OfManyClientsDoNotAccumulate) {
  constexpr int kClients = 60;
  std::vector<std::vector<std::string_view>> words;
  std::vector<std::string> names;
  for (int i = 0; i < kClients; ++i) names.push_back(name_of(i));
  for (const std::string& name : names) words.push_back({"fill", name, kMembers});
  NoPeer nobody;
  std::deque<Session> clients;
  std::vector<std::vector<resp::Request>> requests;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back(sessions, nobody, output, clock);
    requests.emplace_back(3, resp::Request{.args = words[static_cast<std::size_t>(i)], .bytes = 0});
  }
  std::int64_t most = 0;
  bool left = true;
  for (int turns = 0; left; ++turns) {
    ASSERT_LT(turns, 5000);
    left = false;
    for (std::size_t i = 0; i < kClients; ++i) {
      most = std::max(most, run_some(clients[i], requests[i]));
      left |= !requests[i].empty();
    }
    // Reads do not wait.
    EXPECT_EQ(run({{"get", "none"}}), 1u);
    executor.end_turn();
  }
  EXPECT_GT(most, 16 << 20);
  EXPECT_LT(most, 24 << 20);
}

// The bound is for what is removed on top of one large value: other clients do not wait for it.
TEST_F(LargeRemovals, AloneDelayOnlyTheClientThatRemovedIt) {
  reply({"fill", "k", "800000"});
  EXPECT_EQ(run({{"del", "k"}, {"set", "a", "1"}}), 1u);
  EXPECT_GT(keyspace::Graveyard::bytes(), 17 << 20);
  NoPeer nobody;
  Session other(sessions, nobody, output, clock);
  const std::vector<std::string_view> words{"set", "b", "1"};
  std::vector<resp::Request> requests{{.args = words, .bytes = 0}};
  run_some(other, requests);
  EXPECT_TRUE(requests.empty());
  int turns = 0;
  for (; session.is_held(); ++turns) ASSERT_TRUE(executor.end_turn());
  EXPECT_GT(turns, 100);
  EXPECT_EQ(run({{"set", "a", "1"}}), 1u);
}

TEST_F(OneTurn, OfOverwritesStaysAtTheLimit) {
  constexpr std::int64_t kLimit = 16 << 20;
  limit(std::to_string(kLimit), "allkeys-lru");
  for (int i = 0; i < 20'000; ++i) {
    keyspace.db(1).put(keyspace::Key::of(name_of(i)), std::string(1000, 'x'));
  }
  while (executor.end_turn()) {
  }
  for (const std::size_t bytes : {100u, 400u, 1000u, 10'000u, 100'000u}) {
    EXPECT_LE(overwrite(bytes), 1 << 20) << bytes;
  }
}

class WaitingForFrees : public RoomOn<StepClock<100>> {
 protected:
  // Removes 3 MB, more than can be freed in one step. The tests set the limit so that only removed
  // values exceed it.
  void remove_much() {
    for (int i = 0; i < 20'000; ++i) {
      keyspace.db(0).put(keyspace::Key::of(name_of(i)), std::string(100, 'x'));
    }
    keyspace.db(0).put(keyspace::Key::of("stays"), "1");
    for (int i = 0; i < 20'000; ++i) keyspace.db(0).erase(keyspace::Key::of(name_of(i)));
    ASSERT_GT(keyspace::Graveyard::bytes(), 2'000'000);
  }
  std::uint64_t without_buried() const {
    return memory::used_bytes() - static_cast<std::uint64_t>(keyspace::Graveyard::bytes());
  }
  // Without copies, since the memory of the test counts as well.
  using Views = std::vector<std::string_view>;
  std::size_t run(const std::vector<Views>& batch) { return run_as(session, batch); }
  std::size_t run_as(Session& caller, const std::vector<Views>& batch) {
    std::vector<resp::Request> requests;
    for (const Views& words : batch) requests.push_back({.args = words, .bytes = 0});
    return executor.run(caller, requests, std::numeric_limits<std::size_t>::max());
  }
  std::string reply(const Views& words) {
    run({words});
    return take_output();
  }

  const std::string text = std::string(200'000, 'x');
  const Views large{"set", "large", text};
};

TEST_F(WaitingForFrees, LargeWriteWaitsIfMemoryIsOverTheLimitOnlyByUnfreedBytes) {
  for (const char* policy : {"allkeys-lru", "noeviction"}) {
    remove_much();
    limit(std::to_string(without_buried() + 500'000), policy);
    EXPECT_EQ(run({{"get", "stays"}, large, {"get", "stays"}}), 1u);
    EXPECT_TRUE(session.is_held());
    EXPECT_EQ(waiters.held(), 1u);
    EXPECT_EQ(take_output(), "$1\r\n1\r\n");
    EXPECT_EQ(run({large}), 0u);
    int turns = 0;
    std::size_t ran = 0;
    for (; ran == 0; ++turns) {
      ASSERT_LT(turns, 1000);
      ASSERT_TRUE(executor.end_turn());
      // The client first waits for the values that it removed itself, then for room.
      if (!session.is_held()) ran = run({large, {"get", "stays"}});
    }
    EXPECT_GT(turns, 1);
    EXPECT_EQ(ran, 2u);
    EXPECT_EQ(take_output(), "+OK\r\n$1\r\n1\r\n");
    EXPECT_EQ(eviction_metrics.evicted_keys.value(), 0u);
    limit("0");
    reply({"del", "large"});
  }
}

TEST_F(WaitingForFrees, OtherClientsAreServedMeanwhile) {
  remove_much();
  limit(std::to_string(without_buried() + 500'000), "allkeys-lru");
  EXPECT_EQ(run({large}), 0u);
  NoPeer other_peer;
  resp::ReplyBuffer other_output{pool};
  Session other(sessions, other_peer, other_output, clock);
  EXPECT_EQ(run_as(other, {{"get", "stays"}}), 1u);
  EXPECT_EQ(resp::taken(other_output), "$1\r\n1\r\n");
}

// A small write frees more than it allocates.
TEST_F(WaitingForFrees, SmallWritesDoNotWait) {
  remove_much();
  limit(std::to_string(without_buried() + 500'000), "allkeys-lru");
  const std::int64_t before = keyspace::Graveyard::bytes();
  EXPECT_EQ(reply({"set", "small", "1"}), "+OK\r\n");
  EXPECT_LT(keyspace::Graveyard::bytes(), before - 1000);
}

TEST_F(WaitingForFrees, EndsWithTheConnection) {
  remove_much();
  limit(std::to_string(without_buried() + 500'000), "allkeys-lru");
  {
    NoPeer other_peer;
    resp::ReplyBuffer other_output{pool};
    Session other(sessions, other_peer, other_output, clock);
    EXPECT_EQ(run_as(other, {large}), 0u);
    EXPECT_EQ(waiters.held(), 1u);
  }
  EXPECT_EQ(waiters.held(), 0u);
}

TEST_F(WaitingForFrees, EndsWithAnErrorIfFreeingDoesNotSuffice) {
  remove_much();
  limit(std::to_string(without_buried() + 500'000), "noeviction");
  EXPECT_EQ(run({large}), 0u);
  keyspace.db(0).put(keyspace::Key::of("more"), std::string(1'000'000, 'x'));
  while (session.is_held()) executor.end_turn();
  EXPECT_EQ(reply(large), "-OOM command not allowed when used memory > 'maxmemory'.\r\n");
}

TEST_F(WaitingForFrees, ClientWaitsAfterAFlushUntilItIsFreed) {
  for (int i = 0; i < 20'000; ++i) {
    keyspace.db(0).put(keyspace::Key::of(name_of(i)), std::string(100, 'x'));
  }
  EXPECT_EQ(run({{"get", "none"}, {"flush"}, {"get", "none"}}), 2u);
  EXPECT_EQ(take_output(), "$-1\r\n+OK\r\n");
  int turns = 0;
  for (; session.is_held(); ++turns) EXPECT_TRUE(executor.end_turn());
  EXPECT_GT(turns, 10);
  EXPECT_TRUE(keyspace.graveyard().empty());
  EXPECT_EQ(peer.unblockings, 1);
  EXPECT_EQ(reply({"get", "none"}), "$-1\r\n");
}

// Evicting enough small keys for a large value takes more time than one call has.
TEST_F(WaitingForFrees, LargeWriteWaitsForEvictionOverSeveralTurns) {
  for (int i = 0; i < 20'000; ++i) {
    keyspace.db(1).put(keyspace::Key::of(name_of(i)), std::string(100, 'x'));
  }
  limit(std::to_string(memory::used_bytes() - 300'000), "allkeys-random");
  EXPECT_EQ(run({large}), 0u);
  EXPECT_TRUE(session.is_held());
  while (session.is_held()) ASSERT_TRUE(executor.end_turn());
  EXPECT_EQ(reply(large), "+OK\r\n");
  EXPECT_LE(memory::used_bytes(),
            static_cast<std::uint64_t>(eviction_settings.maxmemory.value()) + (1 << 20));
}

}  // namespace
}  // namespace larder::engine
