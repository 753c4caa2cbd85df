#include "larder/process/watchdog.h"

#include <sys/time.h>

#include "larder/process/signals.h"
#include "report.h"

namespace larder::process {
namespace {

void on_alarm(int, siginfo_t* info, void*) {
  SignalState* const state = signal_state();
  if (state == nullptr) return;
  const int out = open_report(state);
  report_text(out, "\n--- WATCHDOG TIMER EXPIRED ---\n");
  if (info->si_pid != 0) report_text(out, "(the alarm came from another process)\n");
  report_text(out, "------ STACK TRACE ------\n");
  report_stack(out);
  report_text(out, "--------\n");
  close_report(out);
}

}  // namespace

void Watchdog::period_ms(std::int64_t period) {
  if (period == period_ms_) return;
  if (period > 0) Signals::handle(SIGALRM, on_alarm, SA_RESTART);
  period_ms_ = period;
  restart();
  if (period == 0) Signals::handle_as_usual(SIGALRM);
}

void Watchdog::restart() {
  itimerval timer{};
  timer.it_value.tv_sec = period_ms_ / 1000;
  timer.it_value.tv_usec = (period_ms_ % 1000) * 1000;
  ::setitimer(ITIMER_REAL, &timer, nullptr);
}

}  // namespace larder::process
