// Commands that list all users or channels, while other clients are served and change them.

#include <gtest/gtest.h>

#include <string>

#include "larder/memory/audit.h"
#include "tests/server/socket_fixture.h"

namespace larder::server {
namespace {

using harness::Harness;

class ListsInSteps : public SocketFixture {
 protected:
  std::string ask(const std::string& line) { return client->exchange(line + "\r\n"); }
  // Runs the command while `other` does something in each turn, and returns the reply.
  template <typename Change>
  std::string run_while(const std::string& line, Change change) {
    // Four pieces in a turn.
    harness.clock().us_per_reading = 100;
    EXPECT_EQ(ask(line), "") << line;
    for (turns = 0; !harness.core().executor.long_commands().empty(); ++turns) change(turns);
    harness.clock().us_per_reading = 0;
    return client->exchange({});
  }
  static std::size_t count_of(const std::string& reply, const std::string& text) {
    std::size_t count = 0;
    for (auto at = reply.find(text); at != std::string::npos; at = reply.find(text, at + 1)) {
      ++count;
    }
    return count;
  }
  void expect_balance() {
    const memory::Audit audit = harness.core().auditor.run();
    EXPECT_TRUE(audit.balanced()) << audit.text();
  }

  std::unique_ptr<Harness::Client> client = harness.connect();
  std::unique_ptr<Harness::Client> other = harness.connect();
  int turns = 0;
};

TEST_F(ListsInSteps, UsersThatChangeMeanwhile) {
  constexpr int kUsers = 600;
  std::string lines;
  for (int i = 0; i < kUsers; ++i) {
    lines += "ACL SETUSER stays" + std::to_string(i) + " on +get\r\n";
    lines += "ACL SETUSER gone" + std::to_string(i) + " on\r\n";
  }
  ask(lines);
  const auto change = [this](int turn) {
    other->exchange("ACL DELUSER gone" + std::to_string(turn) + "\r\nACL SETUSER another" +
                    std::to_string(turn) + "\r\n");
  };
  for (const char* command : {"ACL LIST", "ACL USERS"}) {
    const std::string reply = run_while(command, change);
    EXPECT_GT(turns, 2 * kUsers / 16 / 6) << command;
    for (int i = 0; i < kUsers; ++i) {
      const std::string name = "stays" + std::to_string(i);
      const std::string text =
          command == std::string("ACL LIST")
              ? "user " + name + " on sanitize-payload resetchannels -@all +get\r\n"
              : "\r\n" + name + "\r\n";
      ASSERT_EQ(count_of(reply, text), 1u) << name;
    }
    EXPECT_EQ(std::stoul(reply.substr(1)), count_of(reply, "\r\n$"));
  }
  expect_balance();
}

TEST_F(ListsInSteps, TheListEndsWithItsClient) {
  std::string lines;
  for (int i = 0; i < 200; ++i) lines += "ACL SETUSER u" + std::to_string(i) + "\r\n";
  ask(lines);
  harness.clock().us_per_reading = 100;
  EXPECT_EQ(other->exchange("ACL LIST\r\n"), "");
  other.reset();
  ask("PING");
  EXPECT_TRUE(harness.core().executor.long_commands().empty());
  EXPECT_EQ(ask("ACL DELUSER u1 u2 u2"), ":2\r\n");
  harness.clock().us_per_reading = 0;
  expect_balance();
}

TEST_F(ListsInSteps, ChannelsThatChangeMeanwhile) {
  constexpr int kChannels = 3000;
  std::string lines;
  for (int i = 0; i < kChannels; ++i) {
    lines += "SUBSCRIBE stays" + std::to_string(i) + " gone" + std::to_string(i) + "\r\n";
  }
  other->exchange(lines);
  const std::string reply = run_while("PUBSUB CHANNELS *[0-9]", [this](int turn) {
    other->exchange("UNSUBSCRIBE gone" + std::to_string(turn) + "\r\nSUBSCRIBE another" +
                    std::to_string(turn) + "\r\n");
  });
  EXPECT_GT(turns, 20);
  for (int i = 0; i < kChannels; ++i) {
    const std::string name = "stays" + std::to_string(i);
    ASSERT_EQ(count_of(reply, "\r\n" + name + "\r\n"), 1u) << name;
  }
  EXPECT_EQ(std::stoul(reply.substr(1)), count_of(reply, "\r\n$"));
  EXPECT_EQ(ask("PUBSUB CHANNELS none*"), "*0\r\n");
  EXPECT_EQ(ask("MULTI\r\nPUBSUB CHANNELS stays1\r\nEXEC"),
            "+OK\r\n+QUEUED\r\n*1\r\n*1\r\n$6\r\nstays1\r\n");
  expect_balance();
}

}  // namespace
}  // namespace larder::server
