// What clients make the server keep for them beyond their commands: watches, subscriptions, blocked
// commands, unread lines of MONITOR. It is bounded by their share, whatever their number.

#include "tests/server/client_room.h"

namespace larder::server {
namespace {

class KeptMemory : public ClientRoom {
 protected:
  static constexpr int kClients = 100;
  static constexpr int kNames = 2000;
  static constexpr std::int64_t kShare = 10 * kMega;
  // What a request keeps is counted when it has run.
  static constexpr std::int64_t kOneRequest = kNames * 200;
  // Clients may always hold so much, until keys are evicted for it.
  static constexpr std::size_t kFloor = 4 * kMega;

  KeptMemory() {
    fill();
    evicted_before_ = figure("evicted_keys");
    // What clients leave is freed in many turns.
    harness.clock().us_per_reading = 20;
    most_used = 0;
  }
  void watch(int turns) {
    for (int i = 0; i < turns; ++i) {
      watch_turns(1);
      harness.core().sessions.free_left(base::Budget(harness.clock(), 300));
      most_clients_ = std::max(most_clients_, memory::client_bytes(memory::balance()));
      if (i % 50 != 49) continue;
      for (const auto& line : lines) line->read();
    }
  }
  // Many clients send this with names of their own, all before the first turn.
  void all_send(const std::string& before, const std::string& after) {
    for (int i = 0; i < kClients; ++i) add_line();
    for (int i = 0; i < kClients; ++i) {
      std::string text = before;
      for (int j = 0; j < kNames; ++j) {
        text += " n:" + std::to_string(i) + ":" + std::to_string(j);
      }
      text += after + "\r\n";
      ASSERT_EQ(lines[static_cast<std::size_t>(i)]->write(text), text.size());
    }
    watch(400);
  }
  void expect_bounded() {
    EXPECT_LE(most_used, kMaxMemory + kTolerance + kFloor);
    EXPECT_LE(most_clients_, kShare + kOneRequest + static_cast<std::int64_t>(kTolerance));
    EXPECT_GT(most_clients_, kShare / 2);
    EXPECT_EQ(ask("PING"), "+PONG\r\n");
    EXPECT_GT(figure("evicted_clients"), 0);
    // A key takes about 1,100 bytes.
    EXPECT_LT(figure("evicted_keys") - evicted_before_, 12'000);
  }

  long long evicted_before_ = 0;
  std::int64_t most_clients_ = 0;
};

TEST_F(KeptMemory, OfWatches) {
  all_send("WATCH", "");
  expect_bounded();
}

TEST_F(KeptMemory, OfSubscriptions) {
  all_send("SUBSCRIBE", "");
  expect_bounded();
}

TEST_F(KeptMemory, OfPatterns) {
  all_send("PSUBSCRIBE", "");
  expect_bounded();
}

TEST_F(KeptMemory, OfBlockedCommands) {
  all_send("BLPOP", " 0");
  expect_bounded();
}

// The writers' requests stop as long as the monitors have more than the share.
TEST_F(KeptMemory, OfMonitors) {
  std::vector<Line> monitors;
  for (int i = 0; i < 20; ++i) {
    monitors.push_back(connect());
    monitors.back().write("MONITOR\r\n");
  }
  watch(2);
  const std::string requests = repeated("SET k v\r\n", 1500);
  for (int i = 0; i < 3; ++i) add_line();
  // The sockets take megabytes before anything waits in the server.
  constexpr int kMostRounds = 3000;
  int rounds_left = kMostRounds;
  for (int round = 0; round < rounds_left; ++round) {
    for (const auto& line : lines) line->write(requests);
    watch(3);
    if (rounds_left == kMostRounds && figure("evicted_clients") > 0) rounds_left = round + 50;
  }
  monitors.clear();
  expect_bounded();
}

}  // namespace
}  // namespace larder::server
