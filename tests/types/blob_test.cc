#include <gtest/gtest.h>

#include <cstring>

#include "larder/types/string.h"

namespace larder::types {
namespace {

// Every reading takes as long as a step.
class SlowClock final : public base::Clock {
 public:
  void tick() override {}
  std::int64_t steady_now_us() const override { return now_us_ += 150; }
  std::int64_t now_us() const { return now_us_; }

 private:
  mutable std::int64_t now_us_ = 0;
};

TEST(Blob, IsFreedInStepsThatEndInTime) {
  constexpr std::int64_t kTimeUs = 400;
  constexpr auto kOwner = memory::Owner::strings;
  const std::int64_t before = memory::balance(kOwner);
  Blob* const blob = Blob::create(kOwner, 64 << 20);
  std::memset(blob->data(), 'x', blob->size());
  SlowClock clock;
  int steps = 0;
  for (bool freed = false; !freed; ++steps) {
    const std::int64_t begin_us = clock.now_us() + 150;
    base::Budget budget(clock, kTimeUs);
    freed = Blob::destroy_some(kOwner, blob, budget);
    EXPECT_LE(clock.now_us(), begin_us + kTimeUs) << steps;
  }
  EXPECT_GE(steps, 10);
  EXPECT_EQ(memory::balance(kOwner), before);
}

}  // namespace
}  // namespace larder::types
