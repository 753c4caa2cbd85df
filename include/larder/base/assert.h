#pragma once

// LARDER_ASSERT: a check that is active in every build. A failure is a bug in Larder, which no
// client should be able to cause; it logs the text and the location and ends the process.

namespace larder::base {

// Called when a check has failed, after the text was printed. `server` installs a handler that
// writes a crash report; without one the process aborts.
using AssertionHandler = void (*)(const char* text, const char* file, int line);
void on_assertion_failure(AssertionHandler handler);

[[noreturn]] void assertion_failed(const char* text, const char* file, int line);

}  // namespace larder::base

#define LARDER_ASSERT(condition)      \
  (__builtin_expect(!!(condition), 1) \
       ? static_cast<void>(0)         \
       : ::larder::base::assertion_failed(#condition, __FILE__, __LINE__))
