#include "larder/process/signals.h"

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <new>
#include <stdexcept>
#include <string_view>

namespace larder::process {
namespace {

void on_stop(int signal, siginfo_t*, void*) {
  SignalState* const state = signal_state();
  if (state == nullptr) return;
  if (state->stop_signal != 0 && signal == SIGINT) {
    constexpr std::string_view kWords = "A second SIGINT: ending at once.\n";
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kWords.data(), kWords.size());
    ::_exit(1);
  }
  state->stop_signal = signal;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(state->wake, &one, sizeof one);
}

}  // namespace

SignalState* signal_state() {
  stack_t stack{};
  if (::sigaltstack(nullptr, &stack) != 0 || stack.ss_sp == nullptr) return nullptr;
  auto* const state = static_cast<SignalState*>(stack.ss_sp);
  return state->mark == SignalState::kMark ? state : nullptr;
}

Signals::Signals(base::Log& log)
    : stack_(::mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                    0)) {
  if (stack_ == MAP_FAILED) throw std::runtime_error("no memory for the signal stack");
  state_ = new (stack_) SignalState;
  state_->log = &log;
  state_->wake = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  stack_t stack{};
  stack.ss_sp = stack_;
  stack.ss_size = kStackBytes;
  ::sigaltstack(&stack, nullptr);
  handle(SIGTERM, on_stop);
  handle(SIGINT, on_stop);
  ::signal(SIGHUP, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);
}

Signals::~Signals() {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) handle_as_usual(signal);
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  ::sigaltstack(&none, nullptr);
  ::close(state_->wake);
  ::munmap(stack_, kStackBytes);
}

int Signals::take_stop_signal() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(state_->wake, &count, sizeof count);
  return state_->stop_signal;
}

void Signals::handle(int signal, Handler handler, int flags) {
  struct sigaction action {};
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | flags;
  action.sa_sigaction = handler;
  ::sigaction(signal, &action, nullptr);
}

void Signals::handle_as_usual(int signal) { ::signal(signal, SIG_DFL); }

}  // namespace larder::process
