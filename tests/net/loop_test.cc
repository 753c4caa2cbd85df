#include "larder/net/loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <vector>

namespace larder::net {
namespace {

struct Recorder final : Watch {
  void on_ready(unsigned readiness) override {
    events.push_back(readiness);
    if (then) then();
  }
  std::vector<unsigned> events;
  std::function<void()> then;
};

struct Alarm final : Timer {
  std::int64_t on_time() override {
    ++rings;
    return again_us;
  }
  int rings = 0;
  std::int64_t again_us = 0;
};

struct End final : TurnEnd {
  TurnWork on_turn_end() override {
    ++turns;
    return left;
  }
  int turns = 0;
  TurnWork left = TurnWork::nothing;
};

using Make = std::unique_ptr<Loop> (*)(base::Clock&);

class LoopTest : public testing::TestWithParam<Make> {
 protected:
  LoopTest() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0); }
  ~LoopTest() override {
    loop.reset();
    for (const int end : ends) ::close(end);
  }
  void say(char c) { EXPECT_EQ(::write(ends[1], &c, 1), 1); }
  void drain() {
    char buffer[64];
    EXPECT_GT(::read(ends[0], buffer, sizeof buffer), 0);
  }

  base::ManualClock clock;
  std::unique_ptr<Loop> loop = GetParam()(clock);
  int ends[2] = {-1, -1};
};

TEST_P(LoopTest, ReportsReadableUntilBytesAreRead) {
  Recorder recorder;
  loop->watch(ends[0], kReadable, recorder);
  loop->run_once(0);
  EXPECT_TRUE(recorder.events.empty());
  say('x');
  loop->run_once(10'000);
  loop->run_once(10'000);
  EXPECT_EQ(recorder.events, (std::vector<unsigned>{kReadable, kReadable}));
  drain();
  loop->run_once(0);
  EXPECT_EQ(recorder.events.size(), 2u);
  loop->forget(recorder);
}

TEST_P(LoopTest, ReportsWritableOnlyIfRequested) {
  Recorder recorder;
  loop->watch(ends[0], kReadable, recorder);
  loop->run_once(0);
  EXPECT_TRUE(recorder.events.empty());
  loop->change(recorder, kReadable | kWritable);
  loop->run_once(10'000);
  EXPECT_EQ(recorder.events, (std::vector<unsigned>{kWritable}));
  loop->change(recorder, kNothing);
  say('x');
  loop->run_once(0);
  loop->run_once(0);
  EXPECT_EQ(recorder.events.size(), 1u);
  loop->forget(recorder);
}

TEST_P(LoopTest, DoesNotNotifyAWatchForgottenInTheSameTurn) {
  Recorder first;
  Recorder second;
  loop->watch(ends[0], kReadable, first);
  loop->watch(ends[1], kReadable, second);
  first.then = [&] { loop->forget(second); };
  second.then = [&] { loop->forget(first); };
  say('x');
  EXPECT_EQ(::write(ends[0], "y", 1), 1);
  loop->run_once(10'000);
  loop->run_once(0);
  loop->forget(first.events.empty() ? second : first);
  EXPECT_TRUE(first.events.empty() || second.events.empty());
  EXPECT_FALSE(first.events.empty() && second.events.empty());
}

TEST_P(LoopTest, ReportsAHangUpAsReadable) {
  Recorder recorder;
  loop->watch(ends[0], kReadable, recorder);
  ::shutdown(ends[1], SHUT_RDWR);
  loop->run_once(10'000);
  EXPECT_EQ(recorder.events, (std::vector<unsigned>{kReadable}));
  loop->forget(recorder);
}

TEST_P(LoopTest, TimersFireOnTimeAndRepeatIfRequested) {
  Alarm alarm;
  alarm.again_us = 5'000;
  loop->start(alarm, 1'000);
  loop->run_once(0);
  EXPECT_EQ(alarm.rings, 0);
  clock.advance_us(1'000);
  loop->run_once(0);
  EXPECT_EQ(alarm.rings, 1);
  clock.advance_us(4'999);
  loop->run_once(0);
  EXPECT_EQ(alarm.rings, 1);
  clock.advance_us(1);
  alarm.again_us = 0;
  loop->run_once(0);
  EXPECT_EQ(alarm.rings, 2);
  clock.advance_ms(100);
  loop->run_once(0);
  EXPECT_EQ(alarm.rings, 2);
}

TEST_P(LoopTest, CancelledTimersDoNotFire) {
  Alarm alarm;
  loop->start(alarm, 1'000);
  loop->cancel(alarm);
  clock.advance_ms(10);
  loop->run_once(0);
  EXPECT_EQ(alarm.rings, 0);
}

TEST_P(LoopTest, DoesNotBlockWhileWorkIsLeft) {
  End end;
  end.left = TurnWork::work;
  loop->at_turn_end(end);
  loop->run_once(0);
  loop->run_once(-1);  // would wait for ever
  EXPECT_EQ(end.turns, 2);
}

TEST_P(LoopTest, RunsUntilItIsStopped) {
  Recorder recorder;
  recorder.then = [&] {
    if (recorder.events.size() == 3) loop->stop();
  };
  loop->watch(ends[0], kReadable, recorder);
  say('x');
  loop->run();
  EXPECT_EQ(recorder.events.size(), 3u);
  EXPECT_EQ(loop->figures().turns, 3u);
  loop->forget(recorder);
}

TEST_P(LoopTest, AStopBeforeItRunsCounts) {
  loop->stop();
  EXPECT_TRUE(loop->is_stopped());
  loop->run();
  EXPECT_EQ(loop->figures().turns, 0u);
}

INSTANTIATE_TEST_SUITE_P(Both, LoopTest, testing::Values(make_epoll_loop, make_asio_loop),
                         [](const auto& chosen) {
                           return chosen.param == &make_epoll_loop ? "epoll" : "asio";
                         });

}  // namespace
}  // namespace larder::net
