#pragma once

// Threads for file operations, which would block the event loop: writing, syncing, renaming, and
// the computation before it, such as compression. Tasks are objects of their owner; the worker
// allocates nothing for them, so the number of tasks bounds its queues.

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace larder::disk {

class Worker;

// One piece of work. From post() until done() is called only work() may use what it works on.
class Task {
 public:
  Task() = default;
  virtual ~Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  // Called in a thread of the worker. Must not throw.
  virtual void work() = 0;
  // Called in the thread of the event loop after work(), by Worker::deliver(). May post tasks, also
  // this one, and may destroy this one.
  virtual void done() = 0;

 private:
  friend class Worker;
  Task* next_ = nullptr;
};

// Runs tasks in the order of post(): one after the other, or as many at a time as there are
// threads. All functions are for one thread, that of the event loop. A forked child must not use
// it.
class Worker {
 public:
  // Where tasks run: in threads, which the first task starts; or within run_some(), for tests.
  enum class Place : std::uint8_t { thread, caller };
  struct Options {
    const char* name = "disk";  // of the threads, at most 15 characters
    // Above 0: they get less processor time than the event loop, which they do not delay when it
    // wakes up.
    int niceness = 0;
    Place place = Place::thread;
    std::size_t threads = 1;
    // Called in a thread that has nothing to do any more.
    void (*when_idle)() = nullptr;
  };
  explicit Worker(const Options& options);
  // The threads run the tasks that were posted before they end; done() is not called.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Never waits. Cost: a lock that is held for a few instructions, and waking a thread that has
  // nothing to do.
  void post(Task& task);
  // Calls done() for each task that has been worked on. Returns how many. done() may call this, or
  // finish(), which then deliver the tasks behind its own. Cost without any: one atomic load.
  std::size_t deliver();
  // Posted, and done() was not called yet.
  std::size_t pending() const { return pending_; }
  // Waits until a task can be delivered, at most `us` microseconds; false if none can.
  bool wait(std::int64_t us);
  // Waits until every task is delivered, also those that done() posts.
  void finish();

  // Becomes readable when a task can be delivered; deliver() resets it. For the event loop.
  int descriptor() const { return wake_; }

  // With Place::caller: works on at most `most` tasks.
  void run_some(std::size_t most);

 private:
  // A queue of tasks.
  struct Queue {
    Task* first = nullptr;
    Task* last = nullptr;

    void push(Task& task);
    Task* pop();
    // Moves all tasks of the other queue behind those of this one.
    void append(Queue& other);
  };

  void start();
  void run();
  bool has_posted();
  Task* next_task();
  void note_worked(Task& task);
  void take_finished();

  const Options options_;
  const int wake_;
  std::size_t pending_ = 0;
  Queue delivered_;  // worked on; their done() is called next
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable posted_or_ending_;
  std::condition_variable worked_;
  Queue posted_;  // these three under the mutex
  Queue finished_;
  bool ending_ = false;
  std::atomic<bool> has_finished_ = false;  // written under the mutex
};

}  // namespace larder::disk
