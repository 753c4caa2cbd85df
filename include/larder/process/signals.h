#pragma once

// Signals: shutdown requests, and the alternate stack of all handlers. Handlers find their data at
// the base of this stack, so no globals are needed.

#include <csignal>
#include <cstddef>
#include <cstdint>

#include "larder/base/log.h"

namespace larder::process {

class CrashDetails;

// The data of handlers.
struct SignalState {
  static constexpr std::uint64_t kMark = 0x4c61726465722121;

  std::uint64_t mark = kMark;
  base::Log* log = nullptr;
  CrashDetails* details = nullptr;
  int wake = -1;  // an eventfd that the loop watches
  volatile std::sig_atomic_t stop_signal = 0;
  volatile std::sig_atomic_t exit_on_panic = 0;
  volatile std::sig_atomic_t crash_signal = 0;
};

// Of the calling thread; null where Signals was not set up. May be called by handlers.
SignalState* signal_state();

class Signals {
 public:
  using Handler = void (*)(int, siginfo_t*, void*);

  // SIGTERM and SIGINT start an orderly shutdown, a second SIGINT ends the process at once; SIGHUP
  // and SIGPIPE are ignored. For the thread that runs the event loop.
  explicit Signals(base::Log& log);
  // Restores the signal handling of a new process.
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  SignalState& state() { return *state_; }
  // Becomes readable when a signal requests a shutdown.
  int wake_descriptor() const { return state_->wake; }
  // Returns this signal, and resets the descriptor.
  int take_stop_signal();
  // The shutdown was aborted: the next SIGINT counts as the first again.
  void forget_stop_signal() { state_->stop_signal = 0; }

  // Runs `handler` on the alternate stack; with `flags` besides SA_SIGINFO and SA_ONSTACK.
  static void handle(int signal, Handler handler, int flags = 0);
  static void handle_as_usual(int signal);

 private:
  static constexpr std::size_t kStackBytes = 512 * 1024;

  void* stack_;
  SignalState* state_;
};

}  // namespace larder::process
