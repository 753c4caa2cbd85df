#include "larder/process/crash.h"

#include <execinfo.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

#include "larder/base/assert.h"
#include "report.h"

namespace larder::process {
namespace {

constexpr int kFatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

// How long collecting INFO may take in a process that is broken already.
constexpr unsigned kLastSeconds = 5;

void report_head(int out) {
  report_text(out, "\n\n=== REDIS BUG REPORT START: Cut & paste starting from here ===\n");
}

void report_cause(int out, const CrashDetails* details, int signal, const siginfo_t& info) {
  const std::string_view version = details == nullptr ? std::string_view() : details->version();
  report_line(out, "%.*s crashed by signal: %d, si_code: %d\n", static_cast<int>(version.size()),
              version.data(), signal, info.si_code);
  if (info.si_code <= 0) {
    report_line(out, "Sent by PID: %ld, UID: %d\n", static_cast<long>(info.si_pid),
                static_cast<int>(info.si_uid));
  } else {
    report_line(out, "Accessing address: %p\n", info.si_addr);
  }
}

#if defined(__x86_64__)
void report_registers(int out, const ucontext_t& context) {
  static constexpr struct {
    const char* name;
    int index;
  } kRegisters[] = {{"RAX", REG_RAX}, {"RBX", REG_RBX}, {"RCX", REG_RCX}, {"RDX", REG_RDX},
                    {"RDI", REG_RDI}, {"RSI", REG_RSI}, {"RBP", REG_RBP}, {"RSP", REG_RSP},
                    {"R8 ", REG_R8},  {"R9 ", REG_R9},  {"R10", REG_R10}, {"R11", REG_R11},
                    {"R12", REG_R12}, {"R13", REG_R13}, {"R14", REG_R14}, {"R15", REG_R15},
                    {"RIP", REG_RIP}, {"EFL", REG_EFL}};
  report_text(out, "\n------ REGISTERS ------\n");
  for (const auto& one : kRegisters) {
    report_line(out, "%s:%016llx\n", one.name,
                static_cast<unsigned long long>(context.uc_mcontext.gregs[one.index]));
  }
}
#else
void report_registers(int, const ucontext_t&) {}
#endif

void report_running(int out, const CrashDetails* details) {
  if (details == nullptr) return;
  std::array<char, 512> lines;
  lines[0] = '\0';
  details->running(lines);
  report_text(out, lines.data());
}

void report_info(int out, CrashDetails* details) {
  if (details == nullptr) return;
  report_text(out, "\n------ INFO OUTPUT ------\n");
  const std::string text = details->info();
  report_text(out, text.c_str());
}

void report_end(int out) {
  report_text(out,
              "\n=== REDIS BUG REPORT END. The report above says what the server was doing; it is "
              "what is needed to find the fault. ===\n");
}

void terminate_by(int signal) {
  Signals::handle_as_usual(signal);
  ::raise(signal);
  ::_exit(128 + signal);
}

// INFO did not return in time; it may wait for a lock that the crashed code holds.
void on_last_alarm(int, siginfo_t*, void*) {
  SignalState* const state = signal_state();
  terminate_by(state != nullptr ? static_cast<int>(state->crash_signal) : SIGABRT);
}

void on_crash(int signal, siginfo_t* info, void* context) {
  SignalState* const state = signal_state();
  if (state == nullptr) return terminate_by(signal);
  // Any failure from here on ends the process at once.
  for (const int fatal : kFatal) Signals::handle_as_usual(fatal);
  state->crash_signal = signal;
  Signals::handle(SIGALRM, on_last_alarm);
  sigset_t alarm;
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGALRM);
  sigprocmask(SIG_UNBLOCK, &alarm, nullptr);
  ::alarm(kLastSeconds);

  const int out = open_report(state);
  report_head(out);
  report_cause(out, state->details, signal, *info);
  report_text(out, "\n------ STACK TRACE ------\n");
  report_stack(out);
  report_registers(out, *static_cast<const ucontext_t*>(context));
  report_info(out, state->details);
  report_end(out);
  close_report(out);
  terminate_by(signal);
}

void on_failed_assertion(const char* text, const char* file, int line) {
  std::array<char, 512> failure;
  base::print_into(failure, "==> %s:%d '%s' is not true\n", file, line, text);
  panic("ASSERTION FAILED", failure.data());
}

}  // namespace

void panic(const char* title, const char* text) {
  const SignalState* const state = signal_state();
  const int out = open_report(state);
  report_head(out);
  report_line(out, "=== %s ===\n", title);
  report_text(out, text);
  if (state != nullptr) report_running(out, state->details);
  report_text(out, "\n------ STACK TRACE ------\n");
  report_stack(out);
  report_end(out);
  for (const int fatal : kFatal) Signals::handle_as_usual(fatal);
  if (state != nullptr && state->exit_on_panic != 0) ::_exit(1);
  std::abort();
}

CrashReports::CrashReports(Signals& signals, CrashDetails& details) : signals_(signals) {
  signals_.state().details = &details;
  // The first call loads a library, which must not happen in a handler.
  std::array<void*, 1> call;
  ::backtrace(call.data(), 1);
  base::on_assertion_failure(on_failed_assertion);
}

CrashReports::~CrashReports() {
  base::on_assertion_failure(nullptr);
  signals_.state().details = nullptr;
  disable();
}

void CrashReports::enable() {
  for (const int fatal : kFatal) Signals::handle(fatal, on_crash, SA_NODEFER);
}

void CrashReports::disable() {
  for (const int fatal : kFatal) Signals::handle_as_usual(fatal);
}

}  // namespace larder::process
