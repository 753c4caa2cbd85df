// What followers, listeners and statistics see of scripts.

#include "tests/scripting/script_room.h"

namespace larder::scripting {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ScriptEffects : public ScriptRoom {
 protected:
  ScriptEffects() { core().executor.follow(followed); }
  ~ScriptEffects() override { core().executor.unfollow(followed); }
  std::vector<std::string> taken() { return std::exchange(followed.lines, {}); }

  engine::EffectLines followed;
};

TEST_F(ScriptEffects, OneWriteIsPropagatedAlone) {
  eval("redis.call('SET', 'k', 'v')");
  EXPECT_THAT(taken(), ElementsAre("0: SET k v"));
}

TEST_F(ScriptEffects, SeveralWritesFormATransaction) {
  eval(
      "redis.call('SET', 'k', 'v') redis.call('GET', 'k') redis.call('SELECT', 1) "
      "redis.call('INCR', 'n')");
  EXPECT_THAT(taken(), ElementsAre("0: MULTI", "0: SET k v", "1: INCR n", "1: EXEC"));
}

TEST_F(ScriptEffects, TheScriptItselfIsNotPropagated) {
  eval("return redis.call('GET', 'k')");
  EXPECT_THAT(taken(), IsEmpty());
}

TEST_F(ScriptEffects, GroupsNestInTransactions) {
  reply({"MULTI"});
  reply({"SET", "a", "1"});
  reply({"EVAL", "redis.call('SET', 'b', 1) redis.call('SET', 'c', 1)", "0"});
  reply({"EXEC"});
  EXPECT_THAT(taken(),
              ElementsAre("0: MULTI", "0: SET a 1", "0: SET b 1", "0: SET c 1", "0: EXEC"));
}

TEST_F(ScriptEffects, WhatWasDoneBeforeAnErrorIsPropagated) {
  eval("redis.call('SET', 'k', 'v') error('x')");
  EXPECT_THAT(taken(), ElementsAre("0: SET k v"));
}

TEST_F(ScriptEffects, SetReplSuppressesEffects) {
  eval(
      "redis.set_repl(redis.REPL_NONE) redis.call('SET', 'a', 1) redis.set_repl(redis.REPL_ALL) "
      "redis.call('SET', 'b', 1)");
  EXPECT_THAT(taken(), ElementsAre("0: SET b 1"));
  EXPECT_EQ(reply({"GET", "a"}), "$1\r\n1\r\n");
}

// SPOP is replaced by what it removed.
TEST_F(ScriptEffects, SetReplSuppressesReplacedEffectsToo) {
  reply({"SADD", "s", "a"});
  reply({"SET", "t", "x", "PX", "10"});
  taken();
  harness.clock().advance_ms(20);
  eval("redis.set_repl(redis.REPL_NONE) redis.call('SPOP', 's') redis.call('GET', 't')");
  EXPECT_THAT(taken(), ElementsAre("0: DEL t"));
}

TEST_F(ScriptEffects, ExpiredKeysOfAScriptBelongToItsGroup) {
  reply({"SET", "t", "x", "PX", "10"});
  taken();
  harness.clock().advance_ms(20);
  eval("redis.call('GET', 't') redis.call('SET', 'k', 'v')");
  EXPECT_THAT(taken(), ElementsAre("0: MULTI", "0: DEL t", "0: SET k v", "0: EXEC"));
}

class ScriptStatistics : public ScriptRoom {
 protected:
  std::string line(const std::string& section, const std::string& name) {
    const std::string text = core().reporter.render({section});
    const auto at = text.find(name + ":");
    return at == std::string::npos ? "" : text.substr(at, text.find('\r', at) - at);
  }
};

TEST_F(ScriptStatistics, CommandsWithinAScriptAreCounted) {
  eval("redis.call('SET', 'k', 'v') redis.call('SET', 'k', 'w')");
  EXPECT_THAT(line("commandstats", "cmdstat_set"), HasSubstr("calls=2,"));
  EXPECT_THAT(line("commandstats", "cmdstat_eval"), HasSubstr("calls=1,"));
}

TEST_F(ScriptStatistics, AnErrorIsCountedOnce) {
  reply({"SET", "k", "v"});
  eval("return redis.call('INCR', 'k')");
  EXPECT_EQ(line("errorstats", "errorstat_ERR"), "errorstat_ERR:count=1");
  EXPECT_THAT(line("commandstats", "cmdstat_incr"), HasSubstr("failed_calls=1"));
  EXPECT_THAT(line("commandstats", "cmdstat_eval"), HasSubstr("failed_calls=0"));
  eval("return redis.pcall('INCR', 'k')");
  EXPECT_EQ(line("errorstats", "errorstat_ERR"), "errorstat_ERR:count=2");
  eval("error('x')");
  EXPECT_EQ(line("errorstats", "errorstat_ERR"), "errorstat_ERR:count=3");
  EXPECT_THAT(line("commandstats", "cmdstat_eval"), HasSubstr("failed_calls=1"));
}

TEST_F(ScriptStatistics, MonitorsSeeTheScriptBeforeItsCommands) {
  auto monitor = harness.connect();
  send(*monitor, {"MONITOR"});
  reply({"EVAL", "redis.call('SET', KEYS[1], 'v')", "1", "k"});
  const std::string seen = send(*monitor, {"PING"});
  const auto script = seen.find("\"EVAL\"");
  const auto command = seen.find(" lua] \"SET\" \"k\" \"v\"");
  ASSERT_NE(script, std::string::npos) << seen;
  ASSERT_NE(command, std::string::npos) << seen;
  EXPECT_LT(script, command);
  EXPECT_EQ(seen.find("\"EVAL\"", script + 1), std::string::npos);
}

TEST_F(ScriptStatistics, KeysThatAScriptReadsAreTracked) {
  reply({"HELLO", "3"});
  reply({"SET", "k", "v"});
  reply({"CLIENT", "TRACKING", "ON"});
  reply({"EVAL", "return redis.call('GET', 'k')", "0"});
  auto other = harness.connect();
  send(*other, {"SET", "k", "w"});
  EXPECT_THAT(reply({"PING"}), HasSubstr(">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n"));
}

TEST_F(ScriptStatistics, WhatCachingSaysHoldsForTheWholeScript) {
  reply({"HELLO", "3"});
  reply({"CLIENT", "TRACKING", "ON", "OPTIN"});
  reply({"CLIENT", "CACHING", "YES"});
  eval("redis.call('GET', 'a') redis.call('GET', 'b')");
  eval("redis.call('GET', 'c')");
  auto other = harness.connect();
  for (const char* key : {"a", "b", "c"}) send(*other, {"SET", key, "w"});
  const std::string seen = reply({"PING"});
  EXPECT_THAT(seen, HasSubstr("$1\r\na\r\n"));
  EXPECT_THAT(seen, HasSubstr("$1\r\nb\r\n"));
  EXPECT_EQ(seen.find("$1\r\nc\r\n"), std::string::npos);
}

class ScriptPermissions : public ScriptRoom {
 protected:
  ScriptPermissions() {
    reply({"ACL", "SETUSER", "bob", "on", ">x", "+eval", "+get", "+sort", "+acl|whoami", "~k*"});
    reply({"SET", "k", "v"});
    reply({"AUTH", "bob", "x"});
  }
};

TEST_F(ScriptPermissions, AreCheckedForEachCommand) {
  EXPECT_EQ(reply({"EVAL", "return redis.call('GET', 'k')", "0"}), "$1\r\nv\r\n");
  EXPECT_THAT(reply({"EVAL", "return redis.call('SET', 'k', 'x')", "0"}),
              testing::StartsWith("-NOPERM ACL failure in script: User bob has no permissions to "
                                  "run the 'set' command script: "));
  EXPECT_THAT(reply({"EVAL", "return redis.call('GET', 'x')", "0"}),
              testing::StartsWith("-NOPERM ACL failure in script: No permissions to access a key"));
  EXPECT_EQ(reply({"EVAL", "return redis.call('ACL', 'WHOAMI')", "0"}).front(), '-');
}

TEST_F(ScriptPermissions, CanBeAsked) {
  EXPECT_EQ(reply({"EVAL",
                   "return {redis.acl_check_cmd('GET', 'k'), redis.acl_check_cmd('GET', 'x'), "
                   "redis.acl_check_cmd('SET', 'k', 'v')}",
                   "0"}),
            "*3\r\n:1\r\n$-1\r\n$-1\r\n");
}

TEST_F(ScriptPermissions, RefusalsAreLoggedWithTheClient) {
  reply({"EVAL", "return redis.pcall('SET', 'k', 'x')", "0"});
  reply({"AUTH", "default", ""});
  auto other = harness.connect();
  const std::string log = send(*other, {"ACL", "LOG"});
  EXPECT_THAT(log, HasSubstr("$3\r\nlua\r\n"));
  EXPECT_THAT(log, HasSubstr("addr=127.0.0.1:"));
}

class ScriptsWithoutRoom : public ScriptRoom {
 protected:
  ScriptsWithoutRoom() {
    reply({"SET", "x", "1"});
    reply({"CONFIG", "SET", "maxmemory", "1"});
  }
  ~ScriptsWithoutRoom() override { reply({"CONFIG", "SET", "maxmemory", "0"}); }
};

TEST_F(ScriptsWithoutRoom, MayReadAndRemove) {
  EXPECT_EQ(eval("return redis.call('GET', 'x')"), "$1\r\n1\r\n");
  EXPECT_EQ(eval("return redis.call('DEL', 'x')"), ":1\r\n");
}

TEST_F(ScriptsWithoutRoom, MayNotGrow) {
  EXPECT_THAT(eval("return redis.call('SET', 'y', '1')"), testing::StartsWith("-OOM command not"));
  EXPECT_THAT(eval("#!lua\nreturn 1"), testing::StartsWith("-OOM "));
  EXPECT_EQ(eval("#!lua flags=no-writes\nreturn 1"), ":1\r\n");
}

TEST_F(ScriptsWithoutRoom, MayGrowIfTheyDeclareIt) {
  EXPECT_EQ(eval("#!lua flags=allow-oom\nreturn redis.call('SET', 'y', '1')"), "+OK\r\n");
}

}  // namespace
}  // namespace larder::scripting
