// Many clients whose waits end together: the sends of their replies do not fall into one turn.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/server/socket_fixture.h"

namespace larder::server {
namespace {

constexpr std::size_t kClients = 300;
// Those that a turn serves at once, and those for which it has time behind them.
constexpr std::size_t kMostInATurn = 100;

class ResumedClients : public SocketFixture {
 protected:
  void block(const std::string& line) {
    for (std::size_t i = 0; i < kClients; ++i) lines.push_back(connect());
    for (Line& each : lines) each.write(line + "\r\n");
    turns(4);
  }
  // Turns until all clients have this reply; returns the most replies of one turn.
  std::size_t most_in_a_turn(const std::string& reply) {
    harness.clock().us_per_reading = 50;
    std::size_t replied = 0;
    std::size_t most = 0;
    for (int i = 0; i < 1000 && replied < kClients; ++i) {
      turn();
      std::size_t now = 0;
      for (Line& each : lines) {
        const std::string got = each.read();
        if (got.empty()) continue;
        EXPECT_EQ(got, reply);
        ++now;
      }
      most = std::max(most, now);
      replied += now;
    }
    EXPECT_EQ(replied, kClients);
    harness.clock().us_per_reading = 0;
    return most;
  }

  std::vector<Line> lines;
};

TEST_F(ResumedClients, WaitsForKeysEnd) {
  block("BLPOP q 0");
  Line writer = connect();
  std::string push = "RPUSH q";
  for (std::size_t i = 0; i < kClients; ++i) push += " x";
  writer.write(push + "\r\n");
  EXPECT_LE(most_in_a_turn("*2\r\n$1\r\nq\r\n$1\r\nx\r\n"), kMostInATurn);
  // They go on with their next requests.
  for (Line& each : lines) each.write("PING\r\n");
  turns(4);
  for (Line& each : lines) EXPECT_EQ(each.read(), "+PONG\r\n");
}

TEST_F(ResumedClients, APauseEnds) {
  Line admin = connect();
  talk(admin, "CLIENT PAUSE 100000\r\n");
  block("PING");
  admin.write("CLIENT UNPAUSE\r\n");
  EXPECT_LE(most_in_a_turn("+PONG\r\n"), kMostInATurn);
}

}  // namespace
}  // namespace larder::server
