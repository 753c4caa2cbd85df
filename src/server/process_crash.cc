#include "process_crash.h"

#include <execinfo.h>
#include <fcntl.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string>

#include "larder/base/assert.h"
#include "larder/base/format.h"
#include "larder/engine/identity.h"
#include "process_symbols.h"

namespace larder::server {
namespace {

constexpr int kFatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

// How long collecting INFO may take in a process that is broken already.
constexpr unsigned kLastSeconds = 5;

template <typename... Values>
void report_line(int out, const char* format, Values... values) {
  std::array<char, 512> line;
  const std::string_view text = base::print_into(line, format, values...);
  if (!text.empty()) report_text(out, text.data());
}

void report_head(int out) {
  report_text(out, "\n\n=== REDIS BUG REPORT START: Cut & paste starting from here ===\n");
}

void report_cause(int out, int signal, const siginfo_t& info) {
  report_line(out, "Larder %s crashed by signal: %d, si_code: %d\n", engine::kLarderVersion.data(),
              signal, info.si_code);
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

void report_info(int out, SignalReach& reach) {
  report_text(out, "\n------ INFO OUTPUT ------\n");
  const std::string text = reach.info->render({"everything"});
  report_text(out, text.c_str());
}

void report_end(int out) {
  report_text(out,
              "\n=== REDIS BUG REPORT END. The report above says what the server was doing; it is "
              "what a person needs who looks for the fault. ===\n");
}

void die_by(int signal) {
  Signals::handle_as_usual(signal);
  ::raise(signal);
  ::_exit(128 + signal);
}

// INFO did not come to an end: something holds what it needs.
void on_last_alarm(int, siginfo_t*, void*) {
  SignalReach* const reach = signal_reach();
  die_by(reach != nullptr ? static_cast<int>(reach->crash_signal) : SIGABRT);
}

void on_crash(int signal, siginfo_t* info, void* context) {
  SignalReach* const reach = signal_reach();
  if (reach == nullptr) return die_by(signal);
  // Whatever goes wrong from here on ends the process at once.
  for (const int fatal : kFatal) Signals::handle_as_usual(fatal);
  reach->crash_signal = signal;
  Signals::handle(SIGALRM, on_last_alarm);
  sigset_t alarm;
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGALRM);
  sigprocmask(SIG_UNBLOCK, &alarm, nullptr);
  ::alarm(kLastSeconds);

  const int out = open_report(*reach->log);
  report_head(out);
  report_cause(out, signal, *info);
  report_text(out, "\n------ STACK TRACE ------\n");
  report_stack(out);
  report_registers(out, *static_cast<const ucontext_t*>(context));
  report_info(out, *reach);
  report_end(out);
  close_report(out);
  die_by(signal);
}

void on_failed_assertion(const char* text, const char* file, int line) {
  SignalReach* const reach = signal_reach();
  const int out = reach != nullptr ? open_report(*reach->log) : STDERR_FILENO;
  report_head(out);
  report_text(out, "=== ASSERTION FAILED ===\n");
  report_line(out, "==> %s:%d '%s' is not true\n", file, line, text);
  report_text(out, "\n------ STACK TRACE ------\n");
  report_stack(out);
  report_end(out);
  for (const int fatal : kFatal) Signals::handle_as_usual(fatal);
  if (reach != nullptr && reach->exit_on_panic != 0) ::_exit(1);
  std::abort();
}

}  // namespace

int open_report(const base::Log& log) {
  if (log.path().empty()) return STDOUT_FILENO;
  const int file = ::open(log.path().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  return file >= 0 ? file : STDERR_FILENO;
}

void close_report(int descriptor) {
  if (descriptor > STDERR_FILENO) ::close(descriptor);
}

void report_text(int descriptor, const char* text) {
  [[maybe_unused]] const ssize_t written = ::write(descriptor, text, std::strlen(text));
}

void report_stack(int descriptor) {
  std::array<void*, 100> calls;
  const int depth = ::backtrace(calls.data(), static_cast<int>(calls.size()));
  const ProgramSymbols symbols;
  for (int i = 0; i < depth; ++i) {
    void* const call = calls[static_cast<std::size_t>(i)];
    const ProgramSymbols::Place place = symbols.find(call);
    if (place.name == nullptr) {
      ::backtrace_symbols_fd(&call, 1, descriptor);
    } else {
      report_text(descriptor, place.name);
      report_line(descriptor, "+0x%zx [%p]\n", place.offset, call);
    }
  }
}

CrashReports::CrashReports(Signals& signals, info::Reporter& info) : signals_(signals) {
  signals_.reach().info = &info;
  // The first call loads a library, which must not happen in a handler.
  std::array<void*, 1> call;
  ::backtrace(call.data(), 1);
  base::on_assertion_failure(on_failed_assertion);
}

CrashReports::~CrashReports() {
  base::on_assertion_failure(nullptr);
  disable();
}

void CrashReports::enable() {
  for (const int fatal : kFatal) Signals::handle(fatal, on_crash, SA_NODEFER);
}

void CrashReports::disable() {
  for (const int fatal : kFatal) Signals::handle_as_usual(fatal);
}

}  // namespace larder::server
