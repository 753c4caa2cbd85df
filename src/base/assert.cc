#include "larder/base/assert.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace larder::base {

namespace {

std::atomic<AssertionHandler>& installed_handler() {
  static std::atomic<AssertionHandler> handler{nullptr};
  return handler;
}

}  // namespace

void on_assertion_failure(AssertionHandler handler) { installed_handler() = handler; }

void assertion_failed(const char* text, const char* file, int line) {
  std::fprintf(stderr, "ASSERTION FAILED: %s at %s:%d\n", text, file, line);
  std::fflush(stderr);
  if (const AssertionHandler handler = installed_handler().load()) handler(text, file, line);
  std::abort();
}

}  // namespace larder::base
