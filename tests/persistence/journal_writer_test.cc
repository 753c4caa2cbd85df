// Syncs that overlap: their order, their errors, and the change of the file meanwhile.

#include "src/persistence/journal_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <future>
#include <map>
#include <mutex>

#include "larder/config/registry.h"
#include "tests/persistence/aof_text.h"

namespace larder::persistence {
namespace {

constexpr auto kSoon = std::chrono::milliseconds(20);

// Syncs wait until the test ends them.
class HeldSyncs final : public JournalCalls {
 public:
  int sync_data(int) override {
    std::unique_lock lock(mutex_);
    const int number = ++begun_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return all_end_ || ended_.count(number) != 0; });
    const int reason = ended_.count(number) == 0 ? 0 : ended_[number];
    lock.unlock();
    if (reason == 0) return 0;
    errno = reason;
    return -1;
  }
  int open_existing(const char* path) override {
    return has_more_descriptors ? JournalCalls::open_existing(path) : -1;
  }

  // The sync that began as the number-th.
  void end(int number, int reason = 0) {
    const std::lock_guard lock(mutex_);
    ended_[number] = reason;
    changed_.notify_all();
  }
  void end_all() {
    const std::lock_guard lock(mutex_);
    all_end_ = true;
    changed_.notify_all();
  }
  bool has_begun(int number, std::chrono::milliseconds within = std::chrono::seconds(30)) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, within, [&] { return begun_ >= number; });
  }

  bool has_more_descriptors = true;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<int, int> ended_;
  int begun_ = 0;
  bool all_end_ = false;
};

struct Quiet final : engine::Observer {
  void slow(const engine::LoggedCommand&, std::uint64_t, std::uint64_t) override {}
  void sizes(const engine::LoggedCommand&, std::uint64_t) override {}

 private:
  void worked(engine::LatencyEvent, std::uint64_t) override {}
};

struct Heard final : JournalWriter::Owner {
  void moved() override {}
  void write_failed(int) override { ++write_failures; }
  void sync_failed(int) override { ++sync_failures; }
  void works_again() override {}

  int write_failures = 0;
  int sync_failures = 0;
};

class OverlappingSyncs : public ::testing::Test {
 protected:
  OverlappingSyncs() {
    char name[] = "/tmp/larder_writer_XXXXXX";
    folder_ = ::mkdtemp(name);
    EXPECT_TRUE(registry_.set({{"appendfsync", "always"}}, {}));
  }
  ~OverlappingSyncs() override {
    calls_.end_all();
    worker_.finish();
    std::filesystem::remove_all(folder_);
  }

  int create(const char* name) { return calls_.create((folder_ + name).c_str()); }
  void open() { file_.open(create("/first"), {1, 1, 0}); }

  // One effect in a turn.
  void write() {
    stream_.add({0, engine::Reach::everybody, request_});
    clock_.tick();
    writer_.published(stream_.publish());
  }
  // Until the worker has ended the sync.
  void deliver() {
    ASSERT_TRUE(worker_.wait(30'000'000));
    worker_.deliver();
  }
  // The first sync takes so long that others may overlap from then on.
  void sync_slowly() {
    write();
    ASSERT_TRUE(calls_.has_begun(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    calls_.end(1);
    deliver();
    ASSERT_EQ(writer_.synced(), stream_.end());
  }
  // The round posted last has taken what was published.
  void wait_until_moved() {
    while (writer_.written() != stream_.end()) std::this_thread::yield();
    std::this_thread::sleep_for(kSoon);
  }

  std::string folder_;
  const std::string request_ = command({"SET", "k", "v"});
  base::SystemClock clock_;
  config::Registry registry_{"Redis 7.2.6"};
  JournalSettings settings_{registry_};
  HeldSyncs calls_;
  Quiet observer_;
  Heard heard_;
  std::unique_ptr<JournalRing> ring_ =
      std::move(JournalRing::create(folder_ + "/ring", {1, 1, 0}).value());
  JournalStream stream_{*ring_};
  JournalFile file_{calls_, *ring_};
  disk::Worker worker_{{.threads = kJournalSyncs}};
  JournalWriter writer_{{worker_, clock_, observer_, settings_, file_, stream_, heard_}};
};

TEST_F(OverlappingSyncs, WhatComesDuringASlowSyncIsSyncedBesideIt) {
  open();
  sync_slowly();
  constexpr int kLast = 1 + static_cast<int>(kJournalSyncs);
  std::uint64_t first = 0;
  for (int sync = 2; sync <= kLast; ++sync) {
    write();
    ASSERT_TRUE(calls_.has_begun(sync));
    if (sync == 2) first = stream_.end();
  }
  const std::uint64_t last = stream_.end();
  // One more group waits.
  write();
  EXPECT_FALSE(calls_.has_begun(kLast + 1, kSoon));

  // The latest proves that all before it is on disk.
  calls_.end(kLast);
  deliver();
  EXPECT_GT(writer_.synced(), first);
  EXPECT_EQ(writer_.synced(), last);
  calls_.end(2);
  deliver();
  EXPECT_EQ(writer_.synced(), last);
  calls_.end_all();
  worker_.finish();
  EXPECT_EQ(writer_.synced(), stream_.end());
}

// Each costs time of the loop. Of syncs that take less than 2.4 ms there are at most three then.
TEST_F(OverlappingSyncs, FewerOverlapWhileTheLoopTakesTheirResultsLate) {
  using std::chrono::microseconds;
  using std::chrono::steady_clock;
  open();
  int begun = 0;
  auto last = microseconds::max();
  for (int late = 0; late < 20 || last >= microseconds(2300); ++late) {
    ASSERT_LT(late, 2000);
    const auto began = steady_clock::now();
    write();
    ASSERT_TRUE(calls_.has_begun(++begun));
    std::this_thread::sleep_for(microseconds(1100));
    calls_.end(begun);
    ASSERT_TRUE(worker_.wait(30'000'000));
    last = std::chrono::duration_cast<microseconds>(steady_clock::now() - began);
    std::this_thread::sleep_for(microseconds(500));
    worker_.deliver();
  }
  constexpr int kAll = static_cast<int>(kJournalSyncs);
  for (int more = 1; more <= kAll; ++more) {
    write();
    calls_.has_begun(begun + more, kSoon);
  }
  EXPECT_TRUE(calls_.has_begun(begun + 1));
  EXPECT_FALSE(calls_.has_begun(begun + kAll, kSoon));
}

TEST_F(OverlappingSyncs, AFailureOfOneIsNotForgottenForTheOther) {
  open();
  sync_slowly();
  const std::uint64_t before = writer_.synced();
  write();
  ASSERT_TRUE(calls_.has_begun(2));
  write();
  ASSERT_TRUE(calls_.has_begun(3));
  calls_.end(2, EIO);
  deliver();
  EXPECT_TRUE(writer_.has_failed());
  calls_.end(3);
  deliver();
  EXPECT_TRUE(writer_.has_failed());
  EXPECT_EQ(writer_.synced(), before);
  EXPECT_EQ(heard_.sync_failures, 1);
  // Nothing more is written to this file.
  write();
  EXPECT_FALSE(calls_.has_begun(4, kSoon));
}

TEST_F(OverlappingSyncs, ShortSyncsDoNotOverlap) {
  open();
  write();
  ASSERT_TRUE(calls_.has_begun(1));
  wait_until_moved();
  write();
  EXPECT_FALSE(calls_.has_begun(2, kSoon));
  calls_.end(1);
  deliver();
  EXPECT_TRUE(calls_.has_begun(2));
}

TEST_F(OverlappingSyncs, WithoutMoreDescriptorsTheyDoNot) {
  calls_.has_more_descriptors = false;
  open();
  sync_slowly();
  write();
  ASSERT_TRUE(calls_.has_begun(2));
  wait_until_moved();
  write();
  EXPECT_FALSE(calls_.has_begun(3, kSoon));
}

TEST_F(OverlappingSyncs, TheNextFileBeginsWhenTheSyncsOfTheLastOneHaveEnded) {
  open();
  sync_slowly();
  write();
  ASSERT_TRUE(calls_.has_begun(2));
  const int next = create("/second");
  auto opened = std::async(std::launch::async, [&] { file_.open(next, {stream_.end(), 2, 0}); });
  EXPECT_EQ(opened.wait_for(kSoon), std::future_status::timeout);
  calls_.end(2);
  opened.get();
  deliver();
  EXPECT_EQ(writer_.synced(), stream_.end());
  write();
  ASSERT_TRUE(calls_.has_begun(3));
  EXPECT_GT(std::filesystem::file_size(folder_ + "/second"), 0u);
}

}  // namespace
}  // namespace larder::persistence
