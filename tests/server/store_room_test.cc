// Commands that make a value from others, sent by many clients at the same moment: the values for
// which there is no room are not all made at once.

#include "tests/server/client_room.h"

namespace larder::server {
namespace {

class StoreRoom : public ClientRoom {
 protected:
  static constexpr int kMembers = 20'000;
  static constexpr int kClients = 20;

  StoreRoom() {
    fill();
    add_members("SADD set");
    add_members("ZADD zset");
    // Eight evictions take 20 us, so a command cannot make room for its result at once.
    harness.clock().us_per_reading = 20;
  }
  void add_members(const std::string& command) {
    for (int i = 0; i < kMembers; i += 100) {
      std::string text = command;
      for (int j = i; j < i + 100; ++j) {
        if (command[0] == 'Z') text += " " + std::to_string(j);
        text += " a-member-of-about-forty-bytes:" + std::to_string(j);
      }
      ask(text);
    }
  }
  // Keeps what the commands read from being evicted.
  void touch() {
    ask("SCARD set");
    ask("ZCARD zset");
  }
  std::size_t bytes_of(const std::string& key) {
    return static_cast<std::size_t>(std::atoll(ask("MEMORY USAGE " + key).c_str() + 1));
  }
  void all_store(const std::string& command, const std::string& sources, std::size_t result) {
    harness.clock().advance_ms(60'000);
    touch();
    for (int i = 0; i < kClients; ++i) {
      add_line().write(command + " new:" + std::to_string(i) + " " + sources + "\r\n");
    }
    most_used = 0;
    std::vector<std::string> replies(lines.size());
    for (int turns = 0; turns < 20'000; ++turns) {
      watch_turns(1);
      if (turns % 100 == 0) touch();
      std::size_t complete = 0;
      for (std::size_t i = 0; i < lines.size(); ++i) {
        replies[i] += lines[i]->read();
        complete += replies[i].empty() ? 0 : 1;
      }
      if (complete == lines.size()) break;
    }
    // The sources may be evicted in between.
    const std::string full = ":" + std::to_string(kMembers) + "\r\n";
    for (const std::string& reply : replies)
      EXPECT_TRUE(reply == full || reply == ":0\r\n") << reply;
    EXPECT_NE(std::count(replies.begin(), replies.end(), full), 0);
    // One that was stored before its room was made, and one that is made and freed again.
    EXPECT_LE(most_used, kMaxMemory + kTolerance + 2 * result) << command;
  }
};

TEST_F(StoreRoom, SetsAreMadeOneAfterTheOther) {
  const std::size_t bytes = bytes_of("set");
  ASSERT_GT(bytes, kMega * 9 / 10);
  all_store("SUNIONSTORE", "set none", bytes);
}

TEST_F(StoreRoom, IntersectionsAreMadeOneAfterTheOther) {
  all_store("SINTERSTORE", "set set", bytes_of("set"));
}

TEST_F(StoreRoom, SortedSetsAreMadeOneAfterTheOther) {
  all_store("ZUNIONSTORE", "2 zset none", bytes_of("zset"));
}

TEST_F(StoreRoom, RangesAreMadeOneAfterTheOther) {
  all_store("ZRANGESTORE", "zset 0 -1", bytes_of("zset"));
}

}  // namespace
}  // namespace larder::server
