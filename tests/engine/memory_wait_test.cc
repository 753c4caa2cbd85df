// A command that needs more room below maxmemory than can be made at once.

#include "room.h"
#include "step_clock.h"

namespace larder::engine {
namespace {

// Eight evictions take 20 us.
class NeedingRoom : public RoomOn<StepClock<20>> {
 protected:
  static constexpr int kKeys = 30'000;
  static constexpr const char* kNeed = "1000000";

  // Another client, which always sends the same request.
  struct Other {
    explicit Other(NeedingRoom& room)
        : output(room.pool), session(room.sessions, nobody, output, room.clock) {}

    NoPeer nobody;
    resp::ReplyBuffer output;
    Session session;
    const std::vector<std::string_view> words{"need", "other", kNeed};
    const std::vector<resp::Request> requests{{.args = words, .bytes = 0}};
  };

  NeedingRoom() {
    for (int i = 0; i < kKeys; ++i) {
      keyspace.db(1).put(keyspace::Key::of("key:" + std::to_string(i)), std::string(40, 'x'));
    }
  }
  // A little more than is held, so that the command is admitted.
  void limit_to_present(const std::string& policy) {
    limit(std::to_string(memory::used_bytes() + 50'000), policy);
  }
  std::int64_t excess() const {
    return static_cast<std::int64_t>(memory::used_bytes()) - eviction_settings.maxmemory.value();
  }
  std::size_t run_as(Session& caller, const std::vector<resp::Request>& requests) {
    return executor.run(caller, requests, std::numeric_limits<std::size_t>::max());
  }
  // The number of turns until the session may continue.
  int wait(const Session& caller) {
    int turns = 0;
    for (; caller.is_held(); ++turns) {
      const std::int64_t before_us = clock.now_us;
      EXPECT_TRUE(executor.end_turn());
      // The look at the clock that ends the turn takes time as well.
      EXPECT_LE(clock.now_us - before_us, 1000 + decltype(clock)::kStepUs);
      EXPECT_LE(excess(), 1 << 20);
      if (turns > 5000) {
        ADD_FAILURE() << "waits too long";
        break;
      }
    }
    return turns;
  }
};

TEST_F(NeedingRoom, WaitsWhileKeysAreEvictedInSlices) {
  limit_to_present("allkeys-random");
  const std::int64_t before_us = clock.now_us;
  EXPECT_EQ(run({{"get", "a"}, {"need", "k", kNeed}, {"get", "a"}}), 1u);
  EXPECT_LE(clock.now_us - before_us, 1000);
  EXPECT_TRUE(session.is_held());
  EXPECT_EQ(waiters.held(), 1u);
  EXPECT_EQ(take_output(), "$-1\r\n");
  EXPECT_GT(wait(session), 10);
  EXPECT_EQ(run({{"need", "k", kNeed}, {"get", "a"}}), 2u);
  EXPECT_EQ(take_output(), "+OK\r\n$-1\r\n");
  EXPECT_LE(excess(), 1 << 20);
  EXPECT_GT(eviction_metrics.evicted_keys.value(), 5'000u);
  EXPECT_LT(eviction_metrics.evicted_keys.value(), 20'000u);
}

// Without room that is kept for the command, the other client would take what is evicted.
TEST_F(NeedingRoom, GetsItAlthoughOthersWrite) {
  limit_to_present("allkeys-random");
  EXPECT_EQ(run({{"need", "k", kNeed}}), 0u);
  Other other(*this);
  const std::string value(40, 'y');
  std::size_t ran = 0;
  for (int turns = 0; session.is_held(); ++turns) {
    ASSERT_LT(turns, 2000);
    std::vector<std::string> names;
    for (int i = 0; i < 50; ++i) names.push_back("other:" + std::to_string(turns * 50 + i));
    std::vector<std::vector<std::string_view>> words;
    for (const std::string& name : names) words.push_back({"set", name, value});
    std::vector<resp::Request> requests;
    for (const auto& each : words) requests.push_back({.args = each, .bytes = 0});
    ran += run_as(other.session, requests);
    executor.end_turn();
    EXPECT_LE(excess(), 1 << 20);
  }
  EXPECT_GT(ran, 50u * 5);
  EXPECT_EQ(reply({"need", "k", kNeed}), "+OK\r\n");
}

TEST_F(NeedingRoom, GetsItInTheOrderOfArrival) {
  limit_to_present("allkeys-random");
  Other other(*this);
  EXPECT_EQ(run({{"need", "k", kNeed}}), 0u);
  EXPECT_EQ(run_as(other.session, other.requests), 0u);
  wait(session);
  EXPECT_TRUE(other.session.is_held());
  EXPECT_EQ(reply({"need", "k", kNeed}), "+OK\r\n");
  wait(other.session);
  EXPECT_EQ(run_as(other.session, other.requests), 1u);
  EXPECT_EQ(resp::taken(other.output), "+OK\r\n");
}

TEST_F(NeedingRoom, GetsTheErrorAtOnceIfItCannotFit) {
  limit_to_present("noeviction");
  EXPECT_EQ(reply({"need", "k", kNeed}),
            "-OOM command not allowed when used memory > 'maxmemory'.\r\n");
  EXPECT_FALSE(session.is_held());
}

TEST_F(NeedingRoom, DoesNotWaitInATransaction) {
  limit_to_present("allkeys-random");
  run({{"multi"}, {"need", "k", kNeed}, {"exec"}});
  EXPECT_EQ(take_output(), "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
}

// No room is kept for a client that has left.
TEST_F(NeedingRoom, EndsWithTheConnection) {
  limit_to_present("allkeys-random");
  {
    Other other(*this);
    EXPECT_EQ(run_as(other.session, other.requests), 0u);
    executor.end_turn();
    EXPECT_TRUE(evictor.over_limit());
  }
  EXPECT_EQ(waiters.held(), 0u);
  executor.end_turn();
  EXPECT_FALSE(evictor.over_limit());
}

}  // namespace
}  // namespace larder::engine
