#include "larder/disk/worker.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <future>
#include <string>
#include <vector>

namespace larder::disk {
namespace {

// Writes its letter to `worked` in the worker's thread, and to `delivered` in that of the test.
struct Letter final : Task {
  Letter(char letter_, std::string& worked_, std::string& delivered_)
      : letter(letter_), worked(worked_), delivered(delivered_) {}
  void work() override {
    worked += letter;
    sigset_t blocked;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    has_signals_blocked = sigismember(&blocked, SIGTERM) == 1;
  }
  void done() override {
    delivered += letter;
    if (follower != nullptr) worker->post(*follower);
    if (waits_for_others) worker->finish();
  }

  char letter;
  std::string& worked;
  std::string& delivered;
  bool has_signals_blocked = false;
  Worker* worker = nullptr;
  Task* follower = nullptr;
  bool waits_for_others = false;
};

class Workers : public ::testing::Test {
 protected:
  std::string worked_;
  std::string delivered_;
  Letter a_{'a', worked_, delivered_};
  Letter b_{'b', worked_, delivered_};
  Letter c_{'c', worked_, delivered_};
};

bool is_readable(const Worker& worker, int timeout_ms) {
  pollfd asked{worker.descriptor(), POLLIN, 0};
  return ::poll(&asked, 1, timeout_ms) == 1;
}

TEST_F(Workers, RunTasksInOrderAndDeliverThem) {
  Worker worker({});
  a_.worker = &worker;
  a_.follower = &c_;
  worker.post(a_);
  worker.post(b_);
  EXPECT_EQ(worker.pending(), 2u);
  worker.finish();
  EXPECT_EQ(worked_, "abc");
  EXPECT_EQ(delivered_, "abc");
  EXPECT_EQ(worker.pending(), 0u);
  EXPECT_TRUE(a_.has_signals_blocked);
}

TEST_F(Workers, TheDescriptorIsReadableUntilTasksAreDelivered) {
  Worker worker({});
  EXPECT_FALSE(is_readable(worker, 0));
  worker.post(a_);
  EXPECT_TRUE(is_readable(worker, 10'000));
  EXPECT_TRUE(is_readable(worker, 0));
  EXPECT_EQ(worker.deliver(), 1u);
  EXPECT_FALSE(is_readable(worker, 0));
  EXPECT_EQ(worker.deliver(), 0u);
}

TEST_F(Workers, ATaskCanBePostedAgainAfterItsDelivery) {
  Worker worker({});
  for (int i = 0; i < 1000; ++i) {
    worker.post(a_);
    worker.post(b_);
    worker.finish();
  }
  EXPECT_EQ(worked_.size(), 2000u);
  EXPECT_EQ(worked_, delivered_);
}

// Two tasks are ready when deliver() is called, and the first waits for the second.
TEST_F(Workers, ATaskMayWaitForAllOthersWhenItIsDelivered) {
  Worker worker({.place = Worker::Place::caller});
  a_.worker = &worker;
  a_.waits_for_others = true;
  worker.post(a_);
  worker.post(b_);
  worker.run_some(2);
  worker.post(c_);
  EXPECT_EQ(worker.deliver(), 1u);
  EXPECT_EQ(delivered_, "abc");
  EXPECT_EQ(worker.pending(), 0u);
}

TEST_F(Workers, TheEndRunsWhatWasPosted) {
  {
    Worker worker({});
    worker.post(a_);
    worker.post(b_);
  }
  EXPECT_EQ(worked_, "ab");
  EXPECT_EQ(delivered_, "");
}

// Each of the two ends when the other has begun.
struct Meeting final : Task {
  void work() override {
    begun.set_value();
    other->begun.get_future().wait();
  }
  void done() override {}

  std::promise<void> begun;
  Meeting* other = nullptr;
};

TEST_F(Workers, AsManyTasksRunAtATimeAsThereAreThreads) {
  Meeting first;
  Meeting second;
  first.other = &second;
  second.other = &first;
  Worker worker({.threads = 2});
  worker.post(first);
  worker.post(second);
  worker.finish();
  EXPECT_EQ(worker.pending(), 0u);
}

// Of the calling thread, in nanoseconds; 0 if the system knows no such slices.
std::uint64_t slice_ns() {
  std::array<std::uint64_t, 6> attributes{};
  EXPECT_EQ(::syscall(SYS_sched_getattr, 0, attributes.data(), sizeof attributes, 0), 0);
  constexpr std::size_t kSlice = 3;
  return attributes[kSlice];
}

// How its thread is scheduled.
struct Scheduled final : Task {
  void work() override {
    niceness = ::getpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)));
    slice = slice_ns();
  }
  void done() override {}

  int niceness = 0;
  std::uint64_t slice = 0;
};

TEST_F(Workers, WithNicenessOtherThreadsInterruptTheirs) {
  Scheduled task;
  Worker worker({.niceness = 10});
  worker.post(task);
  worker.finish();
  EXPECT_EQ(task.niceness, 10);
  const std::uint64_t own = slice_ns();
  EXPECT_GE(task.slice, own == 0 ? 0 : own + 1);
}

TEST_F(Workers, WithoutAThreadTasksRunWhenTheCallerSaysSo) {
  Worker worker({.place = Worker::Place::caller});
  worker.post(a_);
  worker.post(b_);
  worker.post(c_);
  EXPECT_FALSE(worker.wait(1));
  worker.run_some(2);
  EXPECT_EQ(worked_, "ab");
  EXPECT_TRUE(worker.wait(1));
  EXPECT_EQ(worker.deliver(), 2u);
  EXPECT_EQ(worker.pending(), 1u);
  worker.finish();
  EXPECT_EQ(delivered_, "abc");
}

}  // namespace
}  // namespace larder::disk
