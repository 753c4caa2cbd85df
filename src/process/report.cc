#include "report.h"

#include <execinfo.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "symbols.h"

namespace larder::process {

int open_report(const SignalState* state) {
  if (state == nullptr) return STDERR_FILENO;
  const base::Log& log = *state->log;
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

}  // namespace larder::process
