// Messages that clients did not request: sent after the replies, to some connections in each turn.

#include <vector>

#include "tests/net/served_room.h"

namespace larder::net {
namespace {

// Advances by a tenth of a millisecond at each reading.
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

class PendingMessages : public HasSlowClock, public ServedRoom {
 protected:
  PendingMessages() : ServedRoom(&slow_clock) {}

  void connect_listeners(int count) {
    for (int i = 0; i < count; ++i) listeners.push_back(connect());
  }
  // Sends the message to all connections.
  void publish(std::string_view message) {
    resp::SharedText& text = texts.make(message.size());
    message.copy(text.bytes(), message.size());
    for (engine::Session* one = sessions.first(); one != nullptr; one = one->next()) {
      if (&one->peer() != &peer) one->push(text);
    }
    text.release();
  }
  // How many connections have received something since the last call.
  std::size_t count_received() {
    std::size_t count = 0;
    for (Line& listener : listeners) count += listener.read().empty() ? 0 : 1;
    return count;
  }
  bool work_left() { return connections.end_turn() == TurnWork::work; }

  std::vector<Line> listeners;
};

TEST_F(PendingMessages, ToManyConnectionsAreSentOverSeveralTurns) {
  connect_listeners(100);
  publish("a");
  EXPECT_TRUE(connections.has_work());
  EXPECT_TRUE(work_left());
  const std::size_t first = count_received();
  EXPECT_GT(first, 0u);
  EXPECT_LT(first, 50u);
  expect_balance();
  std::size_t all = first;
  for (int turn = 0; turn < 100 && connections.has_work(); ++turn) {
    work_left();
    all += count_received();
  }
  EXPECT_EQ(all, 100u);
  EXPECT_FALSE(connections.has_work());
  expect_balance();
}

TEST_F(PendingMessages, AreSentTogetherIfTheFirstIsStillPending) {
  connect_listeners(100);
  publish("a");
  work_left();
  publish("b");
  while (connections.has_work()) work_left();
  for (Line& listener : listeners) EXPECT_EQ(listener.read(), "ab");
  EXPECT_LT(net_metrics.writes_processed.value(), 150u);
  EXPECT_GE(net_metrics.writes_processed.value(), 100u);
}

TEST_F(PendingMessages, DoNotDelayReplies) {
  connect_listeners(200);
  Line client = connect();
  publish("a");
  client.write("get x\r\n");
  loop->run_once(0);
  connections.end_turn();
  // It gets the message and its reply in the turn of its request, while others still wait.
  EXPECT_EQ(client.read(), "a$-1\r\n");
  EXPECT_TRUE(connections.has_work());
  EXPECT_LT(count_received(), 100u);
}

TEST_F(PendingMessages, AreSentAtOnceAboveTheSizeOfOneSend) {
  connect_listeners(50);
  for (int i = 0; i < 100; ++i) publish("abcdefgh");
  EXPECT_FALSE(work_left());
  EXPECT_EQ(count_received(), 50u);
}

TEST_F(PendingMessages, AreDroppedForClosedConnections) {
  connect_listeners(100);
  publish("a");
  work_left();
  for (int i = 20; i < 100; i += 2) listeners[static_cast<std::size_t>(i)].close();
  loop->run_once(0);
  for (int turn = 0; turn < 100 && connections.has_work(); ++turn) {
    loop->run_once(0);
    connections.end_turn();
  }
  EXPECT_EQ(connections.size(), 60u);
  EXPECT_EQ(count_received(), 60u);
  expect_balance();
}

// Large replies are sent in parts, the connections one after the other.
TEST_F(PendingMessages, LargeRepliesToManyAreSentOverSeveralTurns) {
  connect_listeners(40);
  Line small = connect();
  const std::string value(140 << 10, 'v');
  const std::string text = "$" + std::to_string(value.size()) + "\r\n" + value + "\r\n";
  EXPECT_EQ(reply({"set", "large", value}), "+OK\r\n");
  pool.trim();
  for (Line& listener : listeners) listener.write("get large\r\n");
  loop->run_once(0);
  small.write("get x\r\n");
  std::vector<std::string> received(listeners.size());
  std::size_t complete = 0;
  int turns = 0;
  while (complete < listeners.size() && turns < 100) {
    EXPECT_TRUE(work_left() || turns > 0);
    loop->run_once(0);
    ++turns;
    complete = 0;
    for (std::size_t i = 0; i < listeners.size(); ++i) {
      received[i] += listeners[i].read();
      complete += received[i] == text ? 1 : 0;
    }
    if (turns == 1) {
      EXPECT_GT(complete, 0u);
      EXPECT_LT(complete, 10u);
    }
    if (turns == 2) {
      EXPECT_EQ(small.read(), "$-1\r\n");
    }
  }
  EXPECT_EQ(complete, listeners.size());
  EXPECT_GT(turns, 5);
  expect_balance();
}

TEST_F(PendingMessages, AreSentToConnectionsInOrder) {
  connect_listeners(1500);
  for (int round = 0; round < 3; ++round) {
    publish("x");
    std::size_t before = 0;
    for (int turn = 0; turn < 1500 && connections.has_work(); ++turn) {
      work_left();
      // The connections that have received it come first.
      std::size_t now = before;
      while (now < listeners.size() && !listeners[now].read().empty()) ++now;
      EXPECT_GT(now, before);
      before = now;
    }
    EXPECT_EQ(before, 1500u);
  }
}

TEST_F(PendingMessages, ReplyPeakIsKeptForTheConfiguredTime) {
  engine::ReplyPeak peak;
  Connections watched{{*loop, log, executor, sessions, credentials, net_settings, eviction_settings,
                       net_metrics, nullptr, &peak}};
  Line line = connect_to(watched);
  engine::Session* client = sessions.find(sessions.last_id());
  ASSERT_NE(client, nullptr);
  const auto request = [&] {
    line.write("get x\r\n");
    loop->run_once(0);
    watched.end_turn();
    return client->peer().buffers().reply_peak;
  };
  const auto pass = [&](std::int64_t ms) {
    for (std::int64_t left = ms * 10; left > 0; --left) slow_clock.steady_now_us();
    slow_clock.tick();
    watched.run_periodic(1);
    return client->peer().buffers().reply_peak;
  };
  EXPECT_EQ(request(), 5u);
  EXPECT_EQ(pass(2 * engine::ReplyPeak::kUsualMs), 0u);
  peak.reset_ms = -1;
  EXPECT_EQ(request(), 5u);
  EXPECT_EQ(pass(2 * engine::ReplyPeak::kUsualMs), 5u);
  peak.reset_ms = 100;
  EXPECT_EQ(pass(200), 0u);
}

}  // namespace
}  // namespace larder::net
