// Commands that make data larger although Redis never refuses them: at the limit room is made for
// them, and without victims only those with large words are refused.

#include "tests/server/client_room.h"

namespace larder::server {
namespace {

using testing::HasSubstr;

class ExtendingCommands : public ClientRoom {
 protected:
  void fill(const std::string& policy) {
    ClientRoom::fill();
    ask("CONFIG SET maxmemory-policy " + policy);
    most_used = 0;
  }
  // A word of a megabyte is too long for a request in one line.
  static std::string request(std::initializer_list<std::string> words) {
    std::string text = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string& word : words) {
      text += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    }
    return text;
  }
  std::string send(std::initializer_list<std::string> words) {
    Line line = connect();
    return talk(line, request(words));
  }
  static std::string name(int i) { return std::string(kMega, 'n') + std::to_string(i); }
};

TEST_F(ExtendingCommands, NamesOfRenamedKeysStayWithinTheLimit) {
  fill("allkeys-random");
  for (int i = 0; i < 30; ++i) {
    ask("SET small" + std::to_string(i) + " 1");
    send({"RENAME", "small" + std::to_string(i), name(i)});
    watch_turns(5);
  }
  EXPECT_LE(most_used, kMaxMemory + 2 * kMega + kTolerance);
  EXPECT_GT(figure("evicted_keys"), 0);
}

TEST_F(ExtendingCommands, ConsumersNamesStayWithinTheLimit) {
  fill("allkeys-random");
  ask("XGROUP CREATE s g $ MKSTREAM");
  for (int i = 0; i < 20; ++i) {
    send({"XREADGROUP", "GROUP", "g", name(i), "STREAMS", "s", ">"});
    watch_turns(5);
  }
  EXPECT_LE(most_used, kMaxMemory + 2 * kMega + kTolerance);
}

TEST_F(ExtendingCommands, WithoutVictimsOnlyLargeWordsAreRefused) {
  fill("allkeys-lru");
  ASSERT_EQ(ask("SET mine 1"), "+OK\r\n");  // the newest: it is not evicted
  ask("CONFIG SET maxmemory-policy noeviction\r\nCONFIG SET maxmemory 39mb");
  ASSERT_THAT(ask("SET more 1"), HasSubstr("OOM command not allowed"));
  EXPECT_EQ(ask("EXPIRE mine 100"), ":1\r\n");
  EXPECT_EQ(ask("RENAME mine yours"), "+OK\r\n");
  EXPECT_THAT(send({"RENAME", "yours", name(1)}), HasSubstr("OOM command not allowed"));
  EXPECT_EQ(ask("MULTI\r\nPERSIST yours\r\nEXPIRE yours 50\r\nEXEC"),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n:1\r\n");
  Line line = connect();
  EXPECT_THAT(talk(line, "MULTI\r\n" + request({"RENAME", "yours", name(1)}) + "EXEC\r\n"),
              HasSubstr("EXECABORT"));
}

}  // namespace
}  // namespace larder::server
