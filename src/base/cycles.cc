#include "larder/base/cycles.h"

#include <chrono>

namespace larder::base {
namespace {

// Two readings of both clocks a few milliseconds apart give the rate with an error of 1/10,000,
// which is enough for statistics in microseconds.
double measure() {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const std::uint64_t first = cycles();
  auto now = start;
  while (now - start < std::chrono::milliseconds(2)) now = Clock::now();
  const std::chrono::duration<double, std::micro> elapsed = now - start;
  return static_cast<double>(cycles() - first) / elapsed.count();
}

}  // namespace

double cycles_per_us() {
  static const double kRate = measure();
  return kRate;
}

}  // namespace larder::base
