// The memory of a snapshot in steps is bounded, whatever removes the values that it must still
// write: eviction, expiry, or one command that removes many. Also while its worker stands still.

#include "step_snapshot_fixture.h"

namespace larder::server {
namespace {

constexpr std::uint64_t kLimit = 4 << 20;

class BoundedMemory : public StepSnapshots {
 protected:
  explicit BoundedMemory(const std::string& options)
      : StepSnapshots("snapshot-memory-limit 4mb\nrdbcompression no\n" + options) {}

  persistence::Metrics& metrics() { return core().persistence_metrics; }
  std::uint64_t held_bytes() { return metrics().saving.held_bytes; }
  // The snapshot begins, but nothing of it is written.
  void begin_without_worker() {
    start_ms_ = harness_->clock().unix_ms();
    before_ = digest();
    core().snapshot_worker.post(obstacle_);
    begin();
  }
  // It is complete, and has the data of its start.
  void check_end() {
    finish();
    ask("");
    EXPECT_EQ(metrics().rdb_last_bgsave_status.value(), "ok");
    EXPECT_EQ(loaded_digest(start_ms_), before_);
    EXPECT_TRUE(core().auditor.run().balanced());
  }
  std::string wait_for_reply() {
    std::string reply;
    while (reply.empty()) {
      turn();
      reply = client_->exchange("");
    }
    return reply;
  }

  Obstacle obstacle_;
  std::int64_t start_ms_ = 0;
  std::string before_;
};

// Values of 100 KB are kept until they are written.
class LargeRemovedValues : public BoundedMemory {
 protected:
  static constexpr int kValues = 300;
  static constexpr std::size_t kBytes = 100'000;
  // The blocks, what is kept, and a value.
  static constexpr std::uint64_t kMostHeld = 2 * kLimit + (256 << 10);

  LargeRemovedValues() : BoundedMemory("maxmemory 40mb\nmaxmemory-policy allkeys-lru\n") {
    for (int i = 0; i < kValues; ++i) ask(store("key:" + std::to_string(i)));
  }
  static std::string store(const std::string& key) {
    return "SET " + key + " " + std::string(kBytes, 'x') + "\r\n";
  }
};

TEST_F(LargeRemovedValues, AreNotEvictedWhileManyAreKept) {
  begin_without_worker();
  int stored = 0;
  while (stored < 2 * kValues &&
         !client_->exchange(requests_of(store("new:" + std::to_string(stored)))).empty()) {
    ++stored;
    ASSERT_LE(held_bytes(), kMostHeld) << stored;
  }
  EXPECT_GT(stored, 50);
  EXPECT_LT(stored, 2 * kValues);
  EXPECT_LE(core().evictor.counted_bytes(), 41u << 20);
  const auto other = harness_->connect();
  EXPECT_EQ(other->exchange("GET nosuch\r\n"), "$-1\r\n");
  obstacle_.release();
  EXPECT_EQ(wait_for_reply(), "+OK\r\n");
  check_end();
}

TEST_F(LargeRemovedValues, AreWrittenAtOnceWhenOneCommandRemovesMany) {
  start_ms_ = harness_->clock().unix_ms();
  before_ = digest();
  begin();
  std::string line = "DEL";
  for (int i = 0; i < kValues; ++i) line += " key:" + std::to_string(i);
  EXPECT_EQ(ask(line + "\r\n"), ":" + std::to_string(kValues) + "\r\n");
  EXPECT_LE(held_bytes(), kMostHeld);
  EXPECT_GT(held_bytes(), kLimit);
  check_end();
  EXPECT_LE(metrics().saving.held_peak, kMostHeld);
}

TEST_F(LargeRemovedValues, AreBoundedAlsoIfTheirDeadlinesChangedBefore) {
  begin_without_worker();
  for (int i = 0; i < kValues; ++i) {
    ASSERT_EQ(client_->exchange("EXPIRE key:" + std::to_string(i) + " 1000\r\n"), ":1\r\n");
  }
  int removed = 0;
  while (removed < kValues &&
         !client_->exchange("DEL key:" + std::to_string(removed) + "\r\n").empty()) {
    ++removed;
    ASSERT_LE(held_bytes(), kMostHeld) << removed;
  }
  EXPECT_GT(removed, 20);
  EXPECT_LT(removed, kValues);
  EXPECT_GT(metrics().snapshot_holds.value(), 0u);
  obstacle_.release();
  EXPECT_EQ(wait_for_reply(), ":1\r\n");
  check_end();
}

// Small values are written before they are removed.
class SmallRemovedValues : public BoundedMemory {
 protected:
  SmallRemovedValues() : BoundedMemory("maxmemory 24mb\nmaxmemory-policy allkeys-lru\n") {
    for (int i = 0; i < 30; ++i) {
      client_->exchange("DEBUG POPULATE 1000 key" + std::to_string(i) + " 400\r\n");
    }
  }
};

TEST_F(SmallRemovedValues, AreNotEvictedWhileThereIsNoRoomForThem) {
  begin_without_worker();
  const std::string value(400, 'n');
  int stored = 0;
  while (stored < 60'000 &&
         !client_->exchange("SET new:" + std::to_string(stored) + " " + value + "\r\n").empty()) {
    ++stored;
    ASSERT_LE(held_bytes(), kLimit) << stored;
  }
  EXPECT_GT(stored, 5'000);
  EXPECT_LT(stored, 60'000);
  EXPECT_TRUE(is_saving());
  EXPECT_LE(core().evictor.counted_bytes(), 25u << 20);
  const auto other = harness_->connect();
  EXPECT_EQ(other->exchange("GET nosuch\r\n"), "$-1\r\n");
  obstacle_.release();
  EXPECT_EQ(wait_for_reply(), "+OK\r\n");
  check_end();
  EXPECT_GT(metrics().snapshot_longest_hold_ms.value(), 0);
}

TEST_F(SmallRemovedValues, MakeTheSnapshotGiveUpWhenEvictionWaitsTooLong) {
  client_->exchange("CONFIG SET snapshot-max-hold-ms 500\r\n");
  begin_without_worker();
  const std::string line = "SET new:{} " + std::string(400, 'n') + "\r\n";
  for (int i = 0; i < 60'000; ++i) {
    std::string one = line;
    if (client_->exchange(one.replace(one.find("{}"), 2, std::to_string(i))).empty()) break;
  }
  for (int i = 0; i < 10; ++i) harness_->advance_ms(100);
  EXPECT_EQ(client_->exchange(""), "+OK\r\n");
  obstacle_.release();
  finish();
  EXPECT_EQ(metrics().rdb_last_bgsave_status.value(), "err");
  EXPECT_EQ(files(), 0);
}

TEST_F(SmallRemovedValues, DoNotExpireWhileThereIsNoRoomForThem) {
  for (int i = 0; i < 30; ++i) {
    for (int j = 0; j < 1000; ++j) {
      client_->exchange("PEXPIRE key" + std::to_string(i) + ":" + std::to_string(j) + " 60000\r\n");
    }
  }
  begin_without_worker();
  harness_->clock().advance_ms(60'000 + 30'000);
  for (int i = 0; i < 30; ++i) {
    harness_->advance_ms(100);
    ASSERT_LE(held_bytes(), kLimit);
  }
  EXPECT_TRUE(is_saving());
  const std::size_t left = core().keyspace.db(0).size();
  EXPECT_GT(left, 10'000u);
  EXPECT_LT(left, 30'000u);
  // Nobody sees them.
  EXPECT_EQ(client_->exchange("EXISTS key1:1 key20:999\r\nRANDOMKEY\r\n").substr(0, 4), ":0\r\n");
  EXPECT_EQ(client_->exchange("GET key1:1\r\n"), "$-1\r\n");
  obstacle_.release();
  check_end();
  for (int i = 0; i < 1000 && core().keyspace.db(0).size() > 0; ++i) harness_->advance_ms(100);
  EXPECT_EQ(core().keyspace.db(0).size(), 0u);
}

TEST_F(SmallRemovedValues, StopTheLoopForASecondAtMost) {
  begin_without_worker();
  std::string line = "DEL";
  for (int i = 0; i < 30'000; ++i) {
    line += " key" + std::to_string(i % 30) + ":" + std::to_string(i / 30);
  }
  harness_->clock().us_per_reading = 10'000;
  const std::int64_t began_us = harness_->clock().steady_now_us();
  EXPECT_EQ(client_->exchange(requests_of(line + "\r\n")), ":30000\r\n");
  EXPECT_LT(harness_->clock().steady_now_us() - began_us, 2'000'000);
  obstacle_.release();
  finish();
  EXPECT_EQ(metrics().rdb_last_bgsave_status.value(), "err");
}

}  // namespace
}  // namespace larder::server
