#include "larder/process/alarm.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "larder/process/signals.h"

// Where the C library does not name the field.
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

namespace larder::process {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;

int alarm_signal() { return SIGRTMIN; }

}  // namespace

// Interrupted system calls are restarted, except those that wait for events (SA_RESTART).
Alarm::Alarm(AlarmHandler handler, void* context) : handler_(handler), context_(context) {
  Signals::handle(
      alarm_signal(),
      [](int, siginfo_t* info, void*) {
        if (info->si_code != SI_TIMER) return;
        const int error = errno;
        const auto& self = *static_cast<const Alarm*>(info->si_value.sival_ptr);
        self.handler_(self.context_);
        errno = error;
      },
      SA_RESTART);
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = alarm_signal();
  event.sigev_value.sival_ptr = this;
  event.sigev_notify_thread_id = static_cast<pid_t>(::syscall(SYS_gettid));
  is_there_ = ::timer_create(CLOCK_MONOTONIC, &event, &timer_) == 0;
}

// A signal that is pending already is delivered to this thread when set() returns from its system
// call, so the handler never runs after the end of the object.
Alarm::~Alarm() {
  set(0);
  if (is_there_) ::timer_delete(timer_);
  Signals::handle_as_usual(alarm_signal());
}

void Alarm::set(std::int64_t us) {
  if (!is_there_) return;
  itimerspec when{};
  when.it_value.tv_sec = us / kSecondUs;
  when.it_value.tv_nsec = us % kSecondUs * 1000;
  ::timer_settime(timer_, 0, &when, nullptr);
}

}  // namespace larder::process
