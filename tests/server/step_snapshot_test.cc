// The contents of snapshots that are written in steps: the data of the moment of their start,
// whatever clients do meanwhile.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "larder/base/rng.h"
#include "step_snapshot_fixture.h"

namespace larder::server {
namespace {

// Random commands on few keys of all types, small and large.
class RandomCommands {
 public:
  explicit RandomCommands(std::uint64_t seed) : rng_(seed) {}

  std::string next() {
    const std::string one = one_command();
    if (rng_.below(12) != 0) return one;
    return "MULTI\r\n" + one + one_command() + "EXEC\r\n";
  }

  // A large value of a random type.
  std::string large() {
    const std::string name = key();
    const std::string text(20, static_cast<char>('a' + rng_.below(26)));
    switch (rng_.below(6)) {
      case 0:
        return "SET " + name + " " + std::string(100'000 + rng_.below(200'000), 'x') + "\r\n";
      case 1:
        return "DEL " + name + "\r\n" +
               many("HSET " + name, [&](int i) { return "f" + std::to_string(i) + " " + text; });
      case 2:
        return "DEL " + name + "\r\n" +
               many("SADD " + name, [&](int i) { return text + std::to_string(i); });
      case 3:
        return "DEL " + name + "\r\n" + many("ZADD " + name, [&](int i) {
                 return std::to_string(i % 70) + " " + text + std::to_string(i);
               });
      case 4:
        return "DEL " + name + "\r\n" + many("XADD " + name + " *", [&](int i) {
                 return "f" + std::to_string(i) + " " + text;
               });
      default:
        return "DEL " + name + "\r\n" +
               many("RPUSH " + name, [&](int i) { return text + std::to_string(i); });
    }
  }

 private:
  template <typename Fn>
  std::string many(const std::string& head, Fn element) {
    std::string line = head;
    for (int i = 0; i < 3000; ++i) line += " " + element(i);
    return line + "\r\n";
  }
  std::string number(std::uint64_t below) { return std::to_string(rng_.below(below)); }
  std::string key() { return "k" + number(60); }
  std::string element() { return "f" + number(3200); }

  // Ends the snapshot, which begins anew, unless it has passed these databases.
  std::string of_databases() {
    static constexpr const char* kCommands[] = {"SWAPDB 0 1\r\n", "SWAPDB 2 1\r\n", "FLUSHDB\r\n",
                                                "SELECT 1\r\nFLUSHDB\r\nSELECT 0\r\n",
                                                "SELECT 2\r\nFLUSHDB\r\nSELECT 0\r\n"};
    return kCommands[rng_.below(std::size(kCommands))];
  }
  std::string one_command() {
    if (rng_.below(1000) == 0) return of_databases();
    const std::string name = key();
    switch (rng_.below(34)) {
      case 0:
        return "SET " + name + " " + number(1000) + "\r\n";
      case 1:
        return "SET " + name + " " + std::string(rng_.below(2000), 'y') + "\r\n";
      case 2:
        return "DEL " + name + "\r\n";
      case 3:
        return "APPEND " + name + " tail\r\n";
      case 4:
        return "SETRANGE " + name + " " + number(500) + " here\r\n";
      case 5:
        return "EXPIRE " + name + " " + number(100'000) + "\r\n";
      case 6:
        return "PERSIST " + name + "\r\n";
      case 7:
        return "RENAME " + name + " " + key() + "\r\n";
      case 8:
        return "COPY " + name + " " + key() + " REPLACE\r\n";
      case 9:
        return "MOVE " + name + " 1\r\n";
      case 10:
        return "HSET " + name + " " + element() + " " + number(9) + "\r\n";
      case 11:
        return "HDEL " + name + " " + element() + " " + element() + "\r\n";
      case 12:
        return "HEXPIRE " + name + " 5000 FIELDS 1 " + element() + "\r\n";
      case 13:
        return "SADD " + name + " " + element() + "\r\n";
      case 14:
        return "SPOP " + name + " 3\r\n";
      case 15:
        return "SUNIONSTORE " + key() + " " + name + " " + key() + "\r\n";
      case 16:
        return "ZADD " + name + " " + number(100) + " " + element() + "\r\n";
      case 17:
        return "ZREMRANGEBYRANK " + name + " 0 5\r\n";
      case 18:
        return "ZINCRBY " + name + " 1.5 " + element() + "\r\n";
      case 19:
        return "RPUSH " + name + " " + element() + "\r\n";
      case 20:
        return "LPOP " + name + " 4\r\n";
      case 21:
        return "LSET " + name + " 0 changed\r\n";
      case 22:
        return "LTRIM " + name + " 3 -2\r\n";
      case 23:
        return "XADD " + name + " * " + element() + " v\r\n";
      case 24:
        return "XTRIM " + name + " MAXLEN 3\r\n";
      case 25:
        return "XGROUP CREATE " + name + " group 0\r\n";
      case 26:
        return "SETBIT " + name + " " + number(9000) + " 1\r\n";
      case 27:
        return "INCR " + name + "\r\n";
      case 28:
        return "SELECT 1\r\nSET " + name + " elsewhere\r\nSELECT 0\r\n";
      case 29:
        return "UNLINK " + name + " " + key() + "\r\n";
      case 30:
        return "SET new:" + number(100'000) + " x\r\n";
      case 31:
        return "PFADD " + name + " " + element() + "\r\n";
      case 32:
        return "PEXPIRE " + name + " 1\r\n";
      default:
        return large();
    }
  }

  base::Rng rng_;
};

class SnapshotsOfAll : public StepSnapshots {
 protected:
  explicit SnapshotsOfAll(const std::string& options = {})
      : StepSnapshots("save \"\"\n" + options) {}

  // The data and the time of the moment when a snapshot began.
  struct Moment {
    std::string digest;
    std::int64_t unix_ms = 0;
  };
  struct Order final : persistence::SnapshotOwner {
    void snapshot_ended(const persistence::SnapshotResult& result) override { end = result.end; }
    persistence::SnapshotResult::End end{};
  };
  // A snapshot with commands between its steps, which begins anew if one of them ends it.
  Moment write_under(RandomCommands& commands) {
    using End = persistence::SnapshotResult::End;
    Order order;
    Moment moment;
    do {
      // The client waits for nothing: a command that waited is answered in the next turn.
      ask("");
      ask("");
      while (core().evictor.over_limit()) turn();
      moment = {digest(), harness_->clock().unix_ms()};
      EXPECT_TRUE(core().background_snapshot.start({.name = "dump.rdb"}, order));
      while (core().background_snapshot.is_running()) {
        client_->exchange(requests_of(commands.next()));
        if (++turns_ % 16 == 0) harness_->advance_ms(100);
      }
      begun_anew_ += order.end == End::outdated;
    } while (order.end == End::outdated);
    EXPECT_EQ(order.end, End::done);
    ask("");
    return moment;
  }
  void check(std::uint64_t seed) {
    RandomCommands commands(seed);
    // Whatever may move, moves.
    core().evacuator.test(seed % 2 == 0);
    ask("FLUSHALL\r\n");
    fill(commands);
    const Moment moment = write_under(commands);
    ASSERT_NE(digest(), moment.digest);
    ASSERT_EQ(loaded_digest(moment.unix_ms), moment.digest) << "seed " << seed;
    ASSERT_EQ(files(), 1);
    const memory::Audit audit = core().auditor.run();
    ASSERT_TRUE(audit.balanced()) << audit.text();
  }
  void check_seeds() {
    const auto [first, last] = seeds({1, 4});
    for (std::uint64_t seed = first; seed <= last; ++seed) {
      check(seed);
      ASSERT_FALSE(HasFatalFailure()) << "seed " << seed;
    }
    RecordProperty("turns", std::to_string(turns_));
  }
  int begun_anew_ = 0;

  void fill(RandomCommands& commands) {
    client_->exchange(
        "DEBUG POPULATE 2000 filler 30\r\nSELECT 2\r\nDEBUG POPULATE 500 other\r\nSELECT 0\r\n");
    for (int i = 0; i < 25; ++i) ask(commands.large());
    for (int i = 0; i < 600; ++i) ask(commands.next());
  }
};

TEST_F(SnapshotsOfAll, ContainTheDataOfTheirStart) {
  check_seeds();
  EXPECT_GT(begun_anew_, 0);
}

// Most commands of this test grow the data, so that keys are evicted between the steps.
class SnapshotsUnderEviction : public SnapshotsOfAll {
 protected:
  SnapshotsUnderEviction()
      : SnapshotsOfAll(
            "maxmemory 4mb\nmaxmemory-policy allkeys-random\nsnapshot-memory-limit 4mb\n") {}
};

TEST_F(SnapshotsUnderEviction, ContainTheDataOfTheirStart) {
  check_seeds();
  EXPECT_GT(core().eviction_metrics.evicted_keys.value(), 100u);
}

TEST_F(SnapshotsOfAll, CanBeginAgainAfterAnEndAtEachStep) {
  RandomCommands commands(77);
  fill(commands);
  for (int steps = 0; steps < 40; ++steps) {
    begin();
    for (int i = 0; i < steps && is_saving(); ++i) client_->exchange(requests_of(commands.next()));
    core().background_snapshot.cancel();
    ASSERT_FALSE(is_saving());
    // Commands that waited are answered in later turns, before this one.
    std::string replies = ask("PING\r\n");
    for (int turns = 0; turns < 100 && !replies.ends_with("+PONG\r\n"); ++turns) replies = ask("");
    ASSERT_TRUE(replies.ends_with("+PONG\r\n")) << replies;
    ASSERT_TRUE(core().auditor.run().balanced());
    if (steps % 10 != 0) continue;
    const Moment moment = write_under(commands);
    ASSERT_EQ(loaded_digest(moment.unix_ms), moment.digest) << steps;
  }
}

class ShortOfMemory : public StepSnapshots {
 protected:
  ShortOfMemory() : StepSnapshots("snapshot-memory-limit 4mb\nrdbcompression no\n") {
    for (int i = 0; i < 30; ++i) {
      client_->exchange("DEBUG POPULATE 1000 key" + std::to_string(i) + " 400\r\n");
    }
    harness_->clock().us_per_reading = 2;
  }
  static std::string key(int i) {
    return "key" + std::to_string(i % 30) + ":" + std::to_string(i / 30);
  }
};

TEST_F(ShortOfMemory, HoldWritersWhenTheWorkerStops) {
  const std::string before = digest();
  const std::int64_t start_ms = harness_->clock().unix_ms();
  Obstacle obstacle;
  core().snapshot_worker.post(obstacle);
  begin();
  std::size_t answered = 0;
  for (int i = 0; i < 30'000; ++i) {
    if (client_->exchange("SET " + key(i) + " changed\r\n") == "+OK\r\n") ++answered;
    ASSERT_LE(core().persistence_metrics.saving.held_bytes, 4u << 20);
  }
  EXPECT_GT(answered, 300u);
  EXPECT_LT(answered, 30'000u);
  EXPECT_GT(core().persistence_metrics.snapshot_holds.value(), 0u);
  // Reads, and writes of new keys, are answered.
  const auto other = harness_->connect();
  EXPECT_EQ(other->exchange("GET nosuch\r\nSET brandnew 1\r\n"), "$-1\r\n+OK\r\n");
  obstacle.release();
  finish();
  ask("");
  EXPECT_EQ(loaded_digest(start_ms), before);
  EXPECT_EQ(ask("GET " + key(29'999) + "\r\n"), "$7\r\nchanged\r\n");
}

TEST_F(ShortOfMemory, AreGivenUpWhenCommandsWaitTooLong) {
  client_->exchange("CONFIG SET snapshot-max-hold-ms 500\r\n");
  Obstacle obstacle;
  core().snapshot_worker.post(obstacle);
  begin();
  for (int i = 0; i < 30'000; ++i) client_->exchange("SET " + key(i) + " changed\r\n");
  for (int i = 0; i < 10; ++i) harness_->advance_ms(100);
  EXPECT_EQ(ask("GET " + key(29'999) + "\r\n").substr(0, 1), "+");
  obstacle.release();
  finish();
  EXPECT_EQ(core().persistence_metrics.rdb_last_bgsave_status.value(), "err");
  EXPECT_EQ(files(), 0);
}

// Eviction waits for the worker; what a script evicts cannot wait, and the loop waits instead.
TEST_F(ShortOfMemory, DoesNotStopAScriptThatEvicts) {
  const std::string before = digest();
  const std::int64_t start_ms = harness_->clock().unix_ms();
  Obstacle obstacle;
  core().snapshot_worker.post(obstacle);
  begin();
  int changed = 0;
  while (client_->exchange("SET " + key(changed) + " changed\r\n") == "+OK\r\n") ++changed;
  ASSERT_TRUE(core().keyspace.defers_removals());
  const auto other = harness_->connect();
  const std::string limit = std::to_string(core().evictor.counted_bytes());
  EXPECT_EQ(
      other->exchange("CONFIG SET maxmemory-policy allkeys-random maxmemory " + limit + "\r\n"),
      "+OK\r\n");
  const std::uint64_t evicted = core().eviction_metrics.evicted_keys.value();
  std::thread release([&obstacle] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    obstacle.release();
  });
  const std::string reply = other->exchange(
      "EVAL \"for i = 1, 100 do redis.call('SET', 'new' .. i, "
      "string.rep('x', 10000)) end return 1\" "
      "0\r\n");
  release.join();
  EXPECT_EQ(reply, ":1\r\n");
  EXPECT_GT(core().eviction_metrics.evicted_keys.value(), evicted + 1000);
  finish();
  ask("");
  EXPECT_TRUE(core().auditor.run().balanced());
  EXPECT_EQ(loaded_digest(start_ms), before);
}

// Values that are read in steps.
class LargeValues : public StepSnapshots {
 protected:
  LargeValues() {
    std::string fields = "HSET large";
    std::string elements = "RPUSH list";
    for (int i = 0; i < 30'000; ++i) {
      fields += " field" + std::to_string(i) + " value";
      elements += " element" + std::to_string(i);
    }
    ask(fields + "\r\n" + elements + "\r\n");
    ask("SET other 1\r\n");
  }
};

TEST_F(LargeValues, AreKeptUntilTheyAreWrittenWhenTheyAreDeleted) {
  const std::string before = digest();
  begin();
  EXPECT_EQ(ask("DEL large\r\n"), ":1\r\n");
  ASSERT_TRUE(is_saving());
  EXPECT_TRUE(core().auditor.run().balanced());
  finish();
  EXPECT_EQ(loaded_digest(harness_->clock().unix_ms()), before);
}

TEST_F(LargeValues, DelayOnlyCommandsThatChangeThem) {
  const std::string before = digest();
  begin();
  EXPECT_EQ(client_->exchange("LPUSH list new\r\n"), "");
  const auto other = harness_->connect();
  EXPECT_EQ(other->exchange("LINDEX list 1\r\nHSET large new 1\r\n"), "$8\r\nelement1\r\n:1\r\n");
  ASSERT_TRUE(is_saving());
  std::string reply;
  while (reply.empty()) reply = client_->exchange("");
  EXPECT_EQ(reply, ":30001\r\n");
  EXPECT_GT(core().persistence_metrics.snapshot_holds.value(), 0u);
  finish();
  EXPECT_EQ(loaded_digest(harness_->clock().unix_ms()), before);
}

TEST_F(LargeValues, AreWrittenAtOnceForACommandThatCannotWait) {
  const std::string before = digest();
  ask("SELECT 1\r\n");
  begin();
  // The hold does not see the key in the other database.
  EXPECT_EQ(ask("MULTI\r\nSELECT 0\r\nLPUSH list new\r\nEXEC\r\n"),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:30001\r\n");
  finish();
  EXPECT_EQ(loaded_digest(harness_->clock().unix_ms()), before);
}

TEST_F(LargeValues, AreGivenUpWithTheirDatabase) {
  begin();
  client_->exchange("EXPIRE large 1000\r\nRENAME large moved\r\n");
  ASSERT_TRUE(is_saving());
  client_->exchange("FLUSHDB\r\n");
  core().snapshot_worker.finish();
  harness_->end_turn();
  EXPECT_FALSE(is_saving());
  EXPECT_EQ(files(), 0);
  EXPECT_TRUE(core().auditor.run().balanced());
}

}  // namespace
}  // namespace larder::server
