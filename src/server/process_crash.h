#pragma once

// The last words of a process that crashes: what happened, where, and what INFO knew, written
// straight to the log's file. Then it dies by the signal that struck it.

#include "larder/base/log.h"
#include "process_signals.h"

namespace larder::server {

// Reports for SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT, for failed assertions, and for memory
// that the system did not give.
class CrashReports {
 public:
  CrashReports(Signals& signals, info::Reporter& info, const engine::Executor& executor);
  ~CrashReports();
  CrashReports(const CrashReports&) = delete;
  CrashReports& operator=(const CrashReports&) = delete;

  // crash-log-enabled.
  void enable();
  void disable();
  // use-exit-on-panic: a failed assertion, or memory that was not given, ends by exit(1) instead of
  // abort().
  void exit_on_panic(bool on) { signals_.reach().exit_on_panic = on ? 1 : 0; }

 private:
  Signals& signals_;
};

// Where the log writes; to be closed by close_report(). For handlers.
int open_report(const base::Log& log);
void close_report(int descriptor);
void report_text(int descriptor, const char* text);
// The calls that led here, one a line.
void report_stack(int descriptor);

}  // namespace larder::server
