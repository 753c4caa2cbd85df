// Messages that clients did not request: sent after the replies, to some connections in each turn.

#include <vector>

#include "tests/net/served_room.h"

namespace larder::net {
namespace {

// Each look takes a tenth of a millisecond.
class SlowClock final : public base::Clock {
 public:
  SlowClock() { unix_us_ = 1'700'000'000'000'000; }
  void tick() override { steady_us_ = now_us_; }
  std::int64_t steady_now_us() const override { return now_us_ += 100; }

 private:
  mutable std::int64_t now_us_ = 1'000'000;
};

struct HasSlowClock {
  SlowClock slow_clock;
};

class News : public HasSlowClock, public ServedRoom {
 protected:
  News() : ServedRoom(&slow_clock) {}

  void connect_listeners(int count) {
    for (int i = 0; i < count; ++i) listeners.push_back(connect());
  }
  // To all connections.
  void tell(std::string_view what) {
    resp::SharedText& text = texts.make(what.size());
    what.copy(text.bytes(), what.size());
    for (engine::Session* one = sessions.first(); one != nullptr; one = one->next()) {
      if (&one->peer() != &peer) one->push(text);
    }
    text.release();
  }
  // How many connections have received something since the last call.
  std::size_t heard() {
    std::size_t count = 0;
    for (Line& listener : listeners) count += listener.read().empty() ? 0 : 1;
    return count;
  }
  bool work_left() { return connections.end_turn() == TurnWork::work; }

  std::vector<Line> listeners;
};

TEST_F(News, AreSentOverSeveralTurnsWhereManyAreTold) {
  connect_listeners(100);
  tell("a");
  EXPECT_TRUE(connections.has_work());
  EXPECT_TRUE(work_left());
  const std::size_t first = heard();
  EXPECT_GT(first, 0u);
  EXPECT_LT(first, 50u);
  expect_balance();
  std::size_t all = first;
  for (int turn = 0; turn < 100 && connections.has_work(); ++turn) {
    work_left();
    all += heard();
  }
  EXPECT_EQ(all, 100u);
  EXPECT_FALSE(connections.has_work());
  expect_balance();
}

TEST_F(News, GoOutTogetherToThoseWhoHaveNotHeardTheFirst) {
  connect_listeners(100);
  tell("a");
  work_left();
  tell("b");
  while (connections.has_work()) work_left();
  for (Line& listener : listeners) EXPECT_EQ(listener.read(), "ab");
  EXPECT_LT(net_metrics.writes_processed.value(), 150u);
  EXPECT_GE(net_metrics.writes_processed.value(), 100u);
}

TEST_F(News, DoNotHoldUpWhoAsks) {
  connect_listeners(200);
  Line asker = connect();
  tell("a");
  asker.write("get x\r\n");
  loop->run_once(0);
  connections.end_turn();
  // Told before, and answered in the turn in which the request came, while others still wait.
  EXPECT_EQ(asker.read(), "a$-1\r\n");
  EXPECT_TRUE(connections.has_work());
  EXPECT_LT(heard(), 100u);
}

TEST_F(News, AreNotPutOffWhereMoreComesThanOneSendTakes) {
  connect_listeners(50);
  for (int i = 0; i < 100; ++i) tell("abcdefgh");
  EXPECT_FALSE(work_left());
  EXPECT_EQ(heard(), 50u);
}

TEST_F(News, AreForgottenForWhoGoesMeanwhile) {
  connect_listeners(100);
  tell("a");
  work_left();
  for (int i = 20; i < 100; i += 2) listeners[static_cast<std::size_t>(i)].close();
  loop->run_once(0);
  for (int turn = 0; turn < 100 && connections.has_work(); ++turn) {
    loop->run_once(0);
    connections.end_turn();
  }
  EXPECT_EQ(connections.size(), 60u);
  EXPECT_EQ(heard(), 60u);
  expect_balance();
}

TEST_F(News, KeepTheirOrderInLine) {
  connect_listeners(1500);
  for (int round = 0; round < 3; ++round) {
    tell("x");
    std::size_t before = 0;
    for (int turn = 0; turn < 1500 && connections.has_work(); ++turn) {
      work_left();
      // Connections that have received it are before all others.
      std::size_t now = before;
      while (now < listeners.size() && !listeners[now].read().empty()) ++now;
      EXPECT_GT(now, before);
      before = now;
    }
    EXPECT_EQ(before, 1500u);
  }
}

TEST_F(News, RememberThePeakOfWhatWasUnsentForAWhile) {
  engine::ReplyPeak peak;
  Connections watched{{*loop, log, executor, sessions, credentials, net_settings, eviction_settings,
                       net_metrics, nullptr, &peak}};
  Line line = connect_to(watched);
  engine::Session* asker = sessions.find(sessions.last_id());
  ASSERT_NE(asker, nullptr);
  const auto ask = [&] {
    line.write("get x\r\n");
    loop->run_once(0);
    watched.end_turn();
    return asker->peer().buffers().reply_peak;
  };
  const auto pass = [&](std::int64_t ms) {
    for (std::int64_t left = ms * 10; left > 0; --left) slow_clock.steady_now_us();
    slow_clock.tick();
    watched.run_periodic(1);
    return asker->peer().buffers().reply_peak;
  };
  EXPECT_EQ(ask(), 5u);
  EXPECT_EQ(pass(2 * engine::ReplyPeak::kUsualMs), 0u);
  peak.reset_ms = -1;
  EXPECT_EQ(ask(), 5u);
  EXPECT_EQ(pass(2 * engine::ReplyPeak::kUsualMs), 5u);
  peak.reset_ms = 100;
  EXPECT_EQ(pass(200), 0u);
}

}  // namespace
}  // namespace larder::net
