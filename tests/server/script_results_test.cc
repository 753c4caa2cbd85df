// Results of scripts that are large: a script without effects waits for room, one with effects gets
// an error, and its client stays.

#include "tests/server/client_room.h"

namespace larder::server {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

// Without victims this is more than the minimum of all clients.
constexpr std::size_t kResultBytes = 6 * kMega;

class ScriptResults : public ClientRoom {
 protected:
  // Nothing more can be evicted.
  void use_up_memory() {
    fill();
    watch_turns(100);
    ask("CONFIG SET maxmemory-policy noeviction");
  }
  // Its name, as a reply has it: any key may have been evicted.
  std::string some_key() {
    const std::string reply = ask("RANDOMKEY");
    const std::size_t begin = reply.find("\r\n") + 2;
    return reply.substr(begin, reply.size() - begin - 2);
  }
  static std::string eval(const std::string& script) { return "EVAL \"" + script + "\" 0\r\n"; }
};

const std::string kLargeResult = "return string.rep('v', " + std::to_string(kResultBytes) + ")";

TEST_F(ScriptResults, AScriptThatReadsWaitsForRoom) {
  fill();
  set("big", 3 * kMega);
  most_used = 0;
  for (int i = 0; i < 10; ++i) add_line().write(eval("return redis.call('GET', 'big')"));
  watch_turns(100);
  for (auto& line : lines) {
    EXPECT_EQ(drain(*line, "$3145728\r\n", 3 * kMega, "\r\n"), 3 * kMega + 12);
  }
  EXPECT_EQ(figure("evicted_clients"), 0);
}

TEST_F(ScriptResults, ATransactionWithAScriptThatReadsWaitsForRoom) {
  fill();
  set("big", 3 * kMega);
  const std::string script = eval("return redis.call('GET', 'big')");
  for (int i = 0; i < 10; ++i) add_line().write("MULTI\r\n" + script + "EXEC\r\n");
  watch_turns(100);
  const std::string head = "+OK\r\n+QUEUED\r\n*1\r\n$3145728\r\n";
  for (auto& line : lines) {
    EXPECT_EQ(drain(*line, head, 3 * kMega, "\r\n"), head.size() + 3 * kMega + 2);
  }
  EXPECT_EQ(figure("evicted_clients"), 0);
}

TEST_F(ScriptResults, WithoutEffectsAResultThatNeverFitsIsAnError) {
  use_up_memory();
  EXPECT_THAT(ask("EVAL \"" + kLargeResult + "\" 0"),
              AllOf(StartsWith("-OOM A reply of about "), HasSubstr("maxmemory")));
  EXPECT_EQ(figure("evicted_clients"), 0);
}

TEST_F(ScriptResults, WithEffectsAResultWithoutRoomIsAnErrorAndTheClientStays) {
  use_up_memory();
  Line line = connect();
  const std::string key = some_key();
  ASSERT_EQ(talk(line, "EXISTS " + key + "\r\n"), ":1\r\n");
  EXPECT_THAT(talk(line, eval("redis.call('DEL', '" + key + "') " + kLargeResult) + "PING\r\n"),
              testing::MatchesRegex("-OOM there is no room below maxmemory for the result of the "
                                    "script, about 6[0-9]* bytes; what it has changed stays\r\n"
                                    "[+]PONG\r\n"));
  EXPECT_EQ(talk(line, "EXISTS " + key + "\r\n"), ":0\r\n");
  EXPECT_EQ(figure("evicted_clients"), 0);
}

TEST_F(ScriptResults, InATransactionWithEffectsTheResultIsAnErrorInItsPlace) {
  use_up_memory();
  Line line = connect();
  EXPECT_THAT(
      talk(line, "MULTI\r\nDEL " + some_key() + "\r\n" + eval(kLargeResult) + "PING\r\nEXEC\r\n"),
      AllOf(HasSubstr("\r\n*3\r\n:1\r\n-OOM "), HasSubstr("\r\n+PONG\r\n")));
  EXPECT_FALSE(line.closed);
  EXPECT_EQ(figure("evicted_clients"), 0);
}

// It keeps values between calls, so that it must not be called twice.
TEST_F(ScriptResults, AFunctionThatMayWriteIsNotRepeated) {
  ask("FUNCTION LOAD \"#!lua name=lib\\nlocal calls = 0\\n"
      "redis.register_function('count', function() calls = calls + 1 return calls end)\\n"
      "redis.register_function{function_name='large', flags={'allow-oom'}, callback=function() "
      "calls = calls + 1 " +
      kLargeResult + " end}\"");
  use_up_memory();
  EXPECT_THAT(ask("FCALL large 0"), StartsWith("-OOM there is no room below maxmemory"));
  ask("CONFIG SET maxmemory 0");
  EXPECT_EQ(ask("FCALL count 0"), ":2\r\n");
}

}  // namespace
}  // namespace larder::server
