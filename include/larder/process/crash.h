#pragma once

// The report of a process that crashes: the signal, the stack, and details of the program, written
// directly to the log's file. Then the signal ends the process.

#include <span>
#include <string>
#include <string_view>

#include "larder/process/signals.h"

namespace larder::process {

// Details of the program for a report. Called while the state of the process may be corrupt.
class CrashDetails {
 public:
  virtual ~CrashDetails() = default;
  // The program and its version, in words.
  virtual std::string_view version() const = 0;
  // Prints what the program was doing, as lines that end with a zero. Must not allocate.
  virtual void running(std::span<char> lines) const = 0;
  // Everything else. May fail, or never return: then the report ends without it.
  virtual std::string info() = 0;
};

// Reports for SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT, and for failed assertions.
class CrashReports {
 public:
  CrashReports(Signals& signals, CrashDetails& details);
  ~CrashReports();
  CrashReports(const CrashReports&) = delete;
  CrashReports& operator=(const CrashReports&) = delete;

  // crash-log-enabled.
  void enable();
  void disable();
  // use-exit-on-panic: panic() ends the process by exit(1) instead of abort().
  void exit_on_panic(bool on) { signals_.state().exit_on_panic = on ? 1 : 0; }

 private:
  Signals& signals_;
};

// Reports an error that the program itself has detected, and ends the process. `text` is lines.
// Allocates nothing.
[[noreturn]] void panic(const char* title, const char* text);

}  // namespace larder::process
