#pragma once

// LARDER_ASSERT: a check that stays on in every build. A failure is a bug in Larder, never
// something a client can cause; it logs the text and place and ends the process.

namespace larder::base {

// What to do when a check fails, after the text was printed. `server` installs a handler
// that writes a crash report; without one the process aborts.
using AssertionHandler = void (*)(const char* text, const char* file, int line);
void on_assertion_failure(AssertionHandler handler);

[[noreturn]] void assertion_failed(const char* text, const char* file, int line);

}  // namespace larder::base

#define LARDER_ASSERT(condition)      \
  (__builtin_expect(!!(condition), 1) \
       ? static_cast<void>(0)         \
       : ::larder::base::assertion_failed(#condition, __FILE__, __LINE__))
