#pragma once

// Lines of a report that a signal handler writes: directly to the log's file, without allocating.

#include <array>
#include <string_view>

#include "larder/base/format.h"
#include "larder/process/signals.h"

namespace larder::process {

// Where the log writes, or standard error without a log; to be closed by close_report().
int open_report(const SignalState* state);
void close_report(int descriptor);
void report_text(int descriptor, const char* text);
// The stack, one call on each line.
void report_stack(int descriptor);

template <typename... Values>
void report_line(int descriptor, const char* format, Values... values) {
  std::array<char, 512> line;
  const std::string_view text = base::print_into(line, format, values...);
  if (!text.empty()) report_text(descriptor, text.data());
}

}  // namespace larder::process
