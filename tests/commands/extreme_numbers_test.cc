// Numbers at the limits of the accepted range, and beyond, for every numeric argument. The reply,
// which may print them, must be complete and contain no other bytes. The sanitizers check the
// buffers.

#include <algorithm>

#include "tests/commands/call_maker.h"
#include "tests/commands/keyspace_commands.h"

namespace larder::commands {
namespace {

class ExtremeNumbers : public KeyspaceCommands {
 protected:
  static CallValues values() {
    const Choices extremes = {"1e308",
                              "-1e308",
                              "1.7976931348623157e308",
                              "4.9406564584124654e-324",
                              "-2.2250738585072014e-308",
                              "1e-400",
                              "1e400",
                              "nan",
                              "-nan",
                              "inf",
                              "-inf",
                              "0x1p1023",
                              "9223372036854775807",
                              "9223372036854775808",
                              "-9223372036854775808",
                              "-9223372036854775809",
                              "18446744073709551615",
                              "18446744073709551616",
                              "0.12345678901234567",
                              "12345678901234567",
                              "-0",
                              std::string(400, '9')};
    Choices numbers = extremes;
    numbers.insert(numbers.end(), {"0", "1", "1", "2"});
    Choices names = extremes;
    names.insert(names.end(), {"k", "k", "k", "s", "z", "h", "l", "u8", "i64", "9-9", "(1e308"});
    return {.integers = numbers, .doubles = numbers, .times = numbers, .names = names};
  }

  void fill() {
    run({"SET", "s", "1"});
    run({"SET", "k", "1e300"});
    run({"RPUSH", "l", "1", "1e308"});
    run({"HSET", "h", "1", "1", "1e308", "9223372036854775807", "0", "-1e308"});
    run({"ZADD", "z", "1e308", "1", "-1e308", "1e308", "inf", "k"});
    run({"XADD", "x", "18446744073709551615-1", "1", "1"});
  }

  // A large negative count returns that many elements; another test covers this.
  static bool asks_for_endless(const engine::Command& row, const Words& words) {
    if (row.name.find("randmember") == row.name.npos && row.name != "hrandfield") return false;
    return std::any_of(words.begin(), words.end(), [](const std::string& word) {
      return word.size() > 1 && (word[0] == '-' || word.size() > 8);
    });
  }

  // The bytes as they were sent.
  std::string raw_reply(const Words& words) {
    const std::vector<std::string_view> args(words.begin(), words.end());
    const resp::Request request{args};
    executor.run(session, {&request, 1}, SIZE_MAX);
    if (session.is_blocked()) waiters.forget(session);
    return std::string(resp::taken(output));
  }

  void check(const Words& words) {
    const std::string reply = raw_reply(words);
    if (reply.empty() || reply[0] != '-') return;
    const std::string_view text = std::string_view(reply).substr(1, reply.size() - 3);
    EXPECT_EQ(reply.substr(reply.size() - 2), "\r\n");
    EXPECT_LT(text.size(), 2'000u) << text;
    EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; }))
        << text;
  }
};

TEST_F(ExtremeNumbers, GetCompleteReplies) {
  constexpr int kCalls = 60;
  CallMaker maker(rng, values());
  for (const engine::BoundCommand* command : table.commands()) {
    std::vector<const engine::BoundCommand*> all(command->children.begin(),
                                                 command->children.end());
    all.push_back(command);
    for (const engine::BoundCommand* each : all) {
      fill();
      for (int i = 0; i < kCalls && !HasFailure(); ++i) {
        const Words words = maker.call(*each->row);
        if (!asks_for_endless(*each->row, words)) check(words);
      }
      executor.end_turn();
    }
  }
}

}  // namespace
}  // namespace larder::commands
