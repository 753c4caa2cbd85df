// Snapshots that are written while the server goes on: when they start and end, what they answer,
// and what their failures mean. step_snapshot_test.cc tests their contents.

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "failing_calls.h"
#include "snapshot_folder.h"
#include "tests/harness/harness.h"

namespace larder::server {
namespace {

using harness::Harness;

class BackgroundSaves : public SnapshotFolder {
 protected:
  BackgroundSaves() : harness_(std::make_unique<Harness>("save 60 3\n")) {
    client_ = harness_->connect();
    // Each look at the clock takes time, so that a turn does only a part of the work.
    harness_->clock().us_per_reading = 100;
    for (int i = 0; i < 3000; ++i) {
      client_->exchange("SET key:" + std::to_string(i) + " value\r\n");
    }
  }

  std::string ask(const std::string& line) {
    return server::ask(*harness_, *client_, line + "\r\n");
  }
  std::string field(const std::string& name) {
    const std::string info = ask("INFO");
    const std::size_t at = info.find("\n" + name + ":");
    if (at == std::string::npos) return "absent";
    const std::size_t begin = at + name.size() + 2;
    return info.substr(begin, info.find('\r', begin) - begin);
  }
  bool is_saving() { return harness_->core().saves.is_saving(); }
  void finish() {
    while (is_saving()) {
      harness_->core().snapshot_worker.wait(1000);
      harness_->end_turn();
    }
  }

  std::unique_ptr<Harness> harness_;
  std::unique_ptr<Harness::Client> client_;
};

TEST_F(BackgroundSaves, AnswerLikeRedis) {
  EXPECT_EQ(ask("BGSAVE NOW"), "-ERR syntax error\r\n");
  EXPECT_EQ(ask("BGSAVE SCHEDULE MORE"), "-ERR syntax error\r\n");
  EXPECT_EQ(ask("BGSAVE"), "+Background saving started\r\n");
  ASSERT_TRUE(is_saving());
  EXPECT_EQ(ask("BGSAVE"), "-ERR Background save already in progress\r\n");
  EXPECT_EQ(ask("BGSAVE SCHEDULE"), "-ERR Background save already in progress\r\n");
  EXPECT_EQ(ask("SAVE"), "-ERR Background save already in progress\r\n");
  EXPECT_EQ(field("rdb_bgsave_in_progress"), "1");
  finish();
  EXPECT_EQ(field("rdb_bgsave_in_progress"), "0");
  EXPECT_EQ(field("rdb_last_bgsave_status"), "ok");
  EXPECT_EQ(files(), 1);
}

TEST_F(BackgroundSaves, WaitForTheEndOfATransaction) {
  EXPECT_EQ(ask("MULTI\r\nBGSAVE\r\nEXEC"),
            "+OK\r\n+QUEUED\r\n*1\r\n+Background saving scheduled\r\n");
  EXPECT_FALSE(is_saving());
  harness_->core().beat();
  EXPECT_TRUE(is_saving());
  finish();
}

TEST_F(BackgroundSaves, CountOnlyChangesSinceTheirStart) {
  ask("BGSAVE");
  ask("SET key:1 changed");
  ask("SET new key");
  ASSERT_TRUE(is_saving());
  finish();
  EXPECT_EQ(field("rdb_changes_since_last_save"), "2");
}

// The number is that of Redis, which counts neither DEBUG RELOAD nor FLUSHALL.
TEST_F(BackgroundSaves, CountSaveAndBgsave) {
  EXPECT_EQ(field("rdb_saves"), "0");
  ask("SAVE");
  EXPECT_EQ(field("rdb_saves"), "1");
  EXPECT_EQ(ask("DEBUG RELOAD"), "+OK\r\n");
  EXPECT_EQ(ask("FLUSHALL"), "+OK\r\n");
  EXPECT_EQ(field("rdb_saves"), "1");
  ask("BGSAVE");
  EXPECT_EQ(field("rdb_saves"), "2");
  finish();
}

TEST_F(BackgroundSaves, StartAtASavePoint) {
  ask("SAVE");
  ask("SET a 1\r\nSET b 2");
  harness_->advance_ms(61'000);
  EXPECT_FALSE(is_saving());
  const std::string saves = field("rdb_saves");
  ask("SET c 3");
  harness_->advance_ms(200);
  EXPECT_NE(field("rdb_saves"), saves);
  finish();
  EXPECT_EQ(field("rdb_changes_since_last_save"), "0");
}

TEST_F(BackgroundSaves, DoNotStartWhileDataIsLoaded) {
  const std::string saves = field("rdb_saves");
  harness_->core().persistence_metrics.loading.is_active = true;
  harness_->advance_ms(120'000);
  EXPECT_EQ(field("rdb_saves"), saves);
  harness_->core().persistence_metrics.loading.is_active = false;
  harness_->advance_ms(200);
  EXPECT_NE(field("rdb_saves"), saves);
}

TEST_F(BackgroundSaves, EndWithFlushallWhichSavesTheEmptyData) {
  ask("BGSAVE");
  ASSERT_TRUE(is_saving());
  EXPECT_EQ(ask("FLUSHALL"), "+OK\r\n");
  EXPECT_FALSE(is_saving());
  EXPECT_EQ(files(), 1);
  EXPECT_LT(std::filesystem::file_size("dump.rdb"), 200u);
  EXPECT_EQ(field("rdb_changes_since_last_save"), "1");
  EXPECT_EQ(field("rdb_last_bgsave_status"), "ok");
}

TEST_F(BackgroundSaves, BeginAnewAfterSwapdb) {
  ask("BGSAVE");
  ask("SWAPDB 0 1");
  harness_->end_turn();
  harness_->core().snapshot_worker.finish();
  harness_->end_turn();
  EXPECT_FALSE(is_saving());
  harness_->core().beat();
  EXPECT_TRUE(is_saving());
  finish();
  EXPECT_EQ(field("rdb_saves"), "2");
  EXPECT_EQ(field("rdb_changes_since_last_save"), "0");
}

TEST_F(BackgroundSaves, RefuseWritesAfterAFailure) {
  std::filesystem::remove_all(std::filesystem::current_path());
  ask("BGSAVE");
  finish();
  EXPECT_EQ(field("rdb_last_bgsave_status"), "err");
  EXPECT_EQ(ask("SET a 1").substr(0, 8), "-MISCONF");
  EXPECT_EQ(ask("PING").substr(0, 8), "-MISCONF");
  EXPECT_EQ(ask("GET key:1"), "$5\r\nvalue\r\n");
  EXPECT_EQ(client_->exchange("CONFIG SET save \"\"\r\n"), "+OK\r\n");
  EXPECT_EQ(ask("SET a 1"), "+OK\r\n");
}

TEST_F(BackgroundSaves, AreTriedAgainFiveSecondsAfterAFailure) {
  const std::filesystem::path folder = std::filesystem::current_path();
  std::filesystem::remove_all(folder);
  ask("BGSAVE");
  finish();
  const std::string saves = field("rdb_saves");
  harness_->advance_ms(5'000);
  EXPECT_EQ(field("rdb_saves"), saves);
  harness_->advance_ms(60'000);
  finish();
  EXPECT_NE(field("rdb_saves"), saves);
  std::filesystem::create_directory(folder);
}

TEST_F(BackgroundSaves, AreBalancedInTheAuditWhileTheyRun) {
  ask("BGSAVE");
  ask("SET key:1 changed\r\nDEL key:2");
  ASSERT_TRUE(is_saving());
  const memory::Audit audit = harness_->core().auditor.run();
  EXPECT_TRUE(audit.balanced()) << audit.text();
  finish();
  EXPECT_TRUE(harness_->core().auditor.run().balanced());
}

TEST_F(BackgroundSaves, AreWrittenByAChildIfSoConfigured) {
  ask("CONFIG SET snapshot-method fork");
  EXPECT_EQ(ask("BGSAVE"), "+Background saving started\r\n");
  EXPECT_TRUE(is_saving());
  while (is_saving()) harness_->core().beat();
  EXPECT_EQ(field("rdb_last_bgsave_status"), "ok");
  EXPECT_EQ(field("total_forks"), "1");
  EXPECT_EQ(ask("DEBUG RELOAD NOSAVE\r\nDBSIZE"), "+OK\r\n:3000\r\n");
  EXPECT_EQ(files(), 1);
}

TEST_F(BackgroundSaves, AForkIsAnEventOfLatency) {
  ask("CONFIG SET snapshot-method fork latency-monitor-threshold 1");
  harness_->clock().us_per_reading = 2000;
  ask("BGSAVE");
  while (is_saving()) harness_->core().beat();
  EXPECT_NE(ask("LATENCY LATEST").find("$4\r\nfork\r\n"), std::string::npos);
}

// Tells of the end.
struct Order final : persistence::SnapshotOwner {
  void snapshot_ended(const persistence::SnapshotResult& ended) override { result = ended; }
  std::optional<persistence::SnapshotResult> result;
};

TEST_F(BackgroundSaves, FailWithAnyCallAndLeaveNoTemporaryFile) {
  ask("SAVE");
  ask("SET key:1 changed");
  Core& core = harness_->core();
  int failures = 0;
  for (int good = 0;; ++good) {
    FailingCalls calls(good);
    persistence::BackgroundSnapshot background({core.log, core.snapshots,
                                                core.configuration.persistence.snapshots,
                                                core.persistence_metrics, core.gates, core.waiters,
                                                core.observer, core.snapshot_worker, calls});
    Order order;
    ASSERT_TRUE(background.start({.name = "dump.rdb"}, order));
    while (background.is_running()) {
      core.snapshot_worker.wait(20);
      background.run(500);
    }
    EXPECT_EQ(files(), 1);
    using End = persistence::SnapshotResult::End;
    EXPECT_EQ(order.result->end, calls.failed() ? End::failed : End::done);
    if (!calls.failed()) break;
    ++failures;
    EXPECT_NE(order.result->reason.find("No space left"), std::string::npos);
  }
  EXPECT_GE(failures, 6);
  EXPECT_EQ(ask("DEBUG RELOAD NOSAVE\r\nGET key:1"), "+OK\r\n$7\r\nchanged\r\n");
}

}  // namespace
}  // namespace larder::server
