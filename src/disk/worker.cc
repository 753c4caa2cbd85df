#include "larder/disk/worker.h"

#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <stdexcept>

#include "larder/base/assert.h"

namespace larder::disk {
namespace {

int make_descriptor() {
  const int made = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (made < 0) throw std::runtime_error("cannot create an eventfd for the disk thread");
  return made;
}

// The system's argument of sched_setattr(), whose wrapper older C libraries do not have.
struct ThreadScheduling {
  std::uint32_t size = sizeof(ThreadScheduling);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t niceness = 0;
  std::uint32_t priority = 0;
  std::uint64_t slice_ns = 0;
  std::uint64_t deadline_ns = 0;
  std::uint64_t period_ns = 0;
};

// Gives the calling thread less processor time, and a slice that is longer than that of others:
// since version 6.12 of Linux a thread that wakes up interrupts one with a longer slice, and would
// otherwise wait until that slice ends.
void lower_priority(int niceness) {
  const ThreadScheduling wanted{.niceness = niceness, .slice_ns = 10'000'000};
  if (::syscall(SYS_sched_setattr, 0, &wanted, 0) == 0) return;
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), niceness);
}

// Blocks all signals in the calling thread, and in threads that it starts, during its life.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

void Worker::Queue::push(Task& task) {
  task.next_ = nullptr;
  (first == nullptr ? first : last->next_) = &task;
  last = &task;
}

Task* Worker::Queue::pop() {
  Task* const task = first;
  if (task != nullptr) first = task->next_;
  return task;
}

void Worker::Queue::append(Queue& other) {
  if (other.first == nullptr) return;
  (first == nullptr ? first : last->next_) = other.first;
  last = other.last;
  other.first = nullptr;
}

Worker::Worker(const Options& options) : options_(options), wake_(make_descriptor()) {}

Worker::~Worker() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  posted_or_ending_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  ::close(wake_);
}

void Worker::start() {
  const SignalsBlocked blocked;
  threads_.reserve(options_.threads);
  while (threads_.size() < options_.threads) threads_.emplace_back([this] { run(); });
}

void Worker::post(Task& task) {
  ++pending_;
  {
    const std::lock_guard lock(mutex_);
    posted_.push(task);
  }
  if (options_.place == Place::caller) return;
  if (threads_.empty()) start();
  posted_or_ending_.notify_one();
}

Task* Worker::next_task() {
  std::unique_lock lock(mutex_);
  posted_or_ending_.wait(lock, [this] { return posted_.first != nullptr || ending_; });
  return posted_.pop();
}

// The descriptor is written and read under the mutex, so that it is readable exactly while there is
// something to deliver.
void Worker::note_worked(Task& task) {
  const std::lock_guard lock(mutex_);
  const bool was_empty = finished_.first == nullptr;
  finished_.push(task);
  has_finished_.store(true, std::memory_order_release);
  if (!was_empty) return;
  worked_.notify_one();
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof one);
}

void Worker::run() {
  ::pthread_setname_np(::pthread_self(), options_.name);
  if (options_.niceness != 0) lower_priority(options_.niceness);
  while (Task* const task = next_task()) {
    task->work();
    note_worked(*task);
    if (options_.when_idle != nullptr && !has_posted()) options_.when_idle();
  }
}

bool Worker::has_posted() {
  const std::lock_guard lock(mutex_);
  return posted_.first != nullptr;
}

void Worker::run_some(std::size_t most) {
  LARDER_ASSERT(options_.place == Place::caller);
  for (; most > 0 && posted_.first != nullptr; --most) {
    Task* const task = posted_.pop();
    task->work();
    note_worked(*task);
  }
}

void Worker::take_finished() {
  const std::lock_guard lock(mutex_);
  std::uint64_t wakes;
  [[maybe_unused]] const ssize_t got = ::read(wake_, &wakes, sizeof wakes);
  has_finished_.store(false, std::memory_order_relaxed);
  delivered_.append(finished_);
}

std::size_t Worker::deliver() {
  if (has_finished_.load(std::memory_order_acquire)) take_finished();
  std::size_t delivered = 0;
  while (Task* const task = delivered_.pop()) {
    --pending_;
    ++delivered;
    task->done();
  }
  return delivered;
}

bool Worker::wait(std::int64_t us) {
  if (delivered_.first != nullptr) return true;
  if (options_.place == Place::caller) return finished_.first != nullptr;
  std::unique_lock lock(mutex_);
  return worked_.wait_for(lock, std::chrono::microseconds(us),
                          [this] { return finished_.first != nullptr; });
}

void Worker::finish() {
  constexpr std::int64_t kLongUs = 1'000'000;
  while (pending_ > 0) {
    if (options_.place == Place::caller) run_some(pending_);
    wait(kLongUs);
    deliver();
  }
}

}  // namespace larder::disk
