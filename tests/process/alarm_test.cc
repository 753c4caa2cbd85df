#include "larder/process/alarm.h"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>

namespace larder::process {
namespace {

struct Bell {
  std::atomic<int> rung = 0;
  Alarm* again = nullptr;

  static void ring(void* context) {
    auto& self = *static_cast<Bell*>(context);
    if (++self.rung < 3 && self.again != nullptr) self.again->set(1000);
  }
};

TEST(Alarm, RingsOnce) {
  Bell bell;
  Alarm alarm(Bell::ring, &bell);
  alarm.set(1000);
  while (bell.rung == 0) {
  }
  EXPECT_EQ(bell.rung, 1);
}

TEST(Alarm, CanBeSetAgainWhenItRings) {
  Bell bell;
  Alarm alarm(Bell::ring, &bell);
  bell.again = &alarm;
  alarm.set(1000);
  while (bell.rung < 3) {
  }
  EXPECT_EQ(bell.rung, 3);
}

TEST(Alarm, SignalsOfOthersDoNotRing) {
  Bell bell;
  Alarm alarm(Bell::ring, &bell);
  ::raise(SIGRTMIN);
  EXPECT_EQ(bell.rung, 0);
}

}  // namespace
}  // namespace larder::process
