// Scripts cannot take more memory than they may.

#include "tests/scripting/script_room.h"

namespace larder::scripting {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::int64_t kMega = 1 << 20;

const char* const kGrows = "local t = {} for i = 1, 1e9 do t[i] = {i} end";
// Returns INFO as it was shortly before memory ran out.
const char* const kGrowsAndLooks =
    "local t, info = {} pcall(function() for i = 1, 1e9 do t[i] = {i} "
    "if i % 50000 == 0 then info = redis.call('INFO', 'memory') end end end) return info";

std::int64_t used_memory(const std::string& info) {
  constexpr std::string_view kName = "\nused_memory:";
  const std::size_t at = info.find(kName);
  EXPECT_NE(at, std::string::npos) << info;
  return at == std::string::npos ? 0 : std::atoll(info.c_str() + at + kName.size());
}

class ScriptMemory : public ScriptRoom {
 protected:
  ScriptMemory() : ScriptRoom("script-memory-limit 20mb\n") {}
};

TEST_F(ScriptMemory, ARunEndsAtItsLimit) {
  EXPECT_THAT(eval(kGrows), AllOf(StartsWith("-ERR"), HasSubstr("not enough memory")));
  while (harness.end_turn()) {
  }
  EXPECT_LT(script_bytes(), kMega);
  EXPECT_EQ(eval("return 1"), ":1\r\n");
}

TEST_F(ScriptMemory, NeverPassesItsLimit) {
  const auto before = static_cast<std::int64_t>(memory::used_bytes());
  const std::int64_t most = used_memory(eval(kGrowsAndLooks));
  EXPECT_GT(most, before + 10 * kMega);
  EXPECT_LT(most, before + 21 * kMega);
}

TEST_F(ScriptMemory, GarbageOfRunsDoesNotAddUp) {
  for (int i = 0; i < 20; ++i) eval(kGrows);
  EXPECT_LT(script_bytes(), 32 * kMega);
}

TEST_F(ScriptMemory, AScriptMayCatchTheErrorAndContinue) {
  EXPECT_EQ(eval("local ok, e = pcall(function() return ('x'):rep(1e9) end) return e"),
            "$17\r\nnot enough memory\r\n");
}

TEST_F(ScriptMemory, GarbageDoesNotCount) {
  EXPECT_EQ(eval("local s = 0 for i = 1, 1000000 do local t = {i, i + 1} s = s + #t end return s"),
            ":2000000\r\n");
}

TEST_F(ScriptMemory, RepliesOfCommandsCount) {
  reply({"SET", "big", std::string(static_cast<std::size_t>(12 * kMega), 'x')});
  EXPECT_EQ(eval("return #redis.call('GET', 'big')"), ":12582912\r\n");
  EXPECT_THAT(eval("return #(redis.call('GET', 'big') .. redis.call('GET', 'big'))"),
              HasSubstr("not enough memory"));
  EXPECT_EQ(eval("return 1"), ":1\r\n");
}

TEST_F(ScriptMemory, AReplyAboveTheLimitIsAnError) {
  reply({"CONFIG", "SET", "script-memory-limit", "1mb"});
  reply({"SET", "big", std::string(static_cast<std::size_t>(4 * kMega), 'x')});
  EXPECT_THAT(eval("return redis.call('GET', 'big')"), StartsWith("-ERR The reply"));
  EXPECT_EQ(eval("return redis.call('STRLEN', 'big')"), ":4194304\r\n");
}

class ScriptsBelowMaxmemory : public ScriptRoom {
 protected:
  ScriptsBelowMaxmemory() : ScriptRoom("maxmemory 40mb\n") {}
};

TEST_F(ScriptsBelowMaxmemory, ARunMayHaveWhatIsFree) {
  EXPECT_THAT(eval(kGrows), HasSubstr("not enough memory"));
  const std::int64_t most = used_memory(eval(kGrowsAndLooks));
  EXPECT_GT(most, 25 * kMega);
  EXPECT_LT(most, 41 * kMega);
}

// Keys would be evicted for it.
TEST_F(ScriptsBelowMaxmemory, GarbageIsCollectedAtOnceIfLittleIsFree) {
  EXPECT_THAT(eval(kGrows), HasSubstr("not enough memory"));
  EXPECT_LT(script_bytes(), kMega);
}

TEST_F(ScriptsBelowMaxmemory, KeysAreEvictedForARun) {
  reply({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
  const std::string value(100'000, 'x');
  for (int i = 0; i < 300; ++i) reply({"SET", "key:" + std::to_string(i), value});
  ASSERT_EQ(reply({"DBSIZE"}), ":300\r\n");
  EXPECT_LT(used_memory(eval(kGrowsAndLooks)), 43 * kMega);
  EXPECT_LT(std::atoi(reply({"DBSIZE"}).c_str() + 1), 250);
}

class ScriptCacheBounds : public ScriptRoom {};

TEST_F(ScriptCacheBounds, EvaluatedScriptsLeaveWhenThereAreManyOthers) {
  EXPECT_EQ(reply({"SCRIPT", "LOAD", "return 'loaded'"}).size(), 5u + 40 + 2);
  eval("return 'first'");
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_EQ(eval("return " + std::to_string(i)), ":" + std::to_string(i) + "\r\n");
  }
  EXPECT_EQ(field("number_of_cached_scripts"), "501");
  EXPECT_EQ(field("evicted_scripts"), "9501");
  EXPECT_LT(script_bytes(), 16 * kMega);
  EXPECT_EQ(reply({"EVALSHA", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db", "0"}),
            "-NOSCRIPT No matching script. Please use EVAL.\r\n");
  EXPECT_EQ(reply({"SCRIPT", "FLUSH"}), "+OK\r\n");
  EXPECT_EQ(field("number_of_cached_scripts"), "0");
}

TEST_F(ScriptCacheBounds, AUsedScriptStays) {
  eval("return 'used'");
  for (int i = 0; i < 2000; ++i) {
    eval("return " + std::to_string(i));
    if (i % 100 == 0) eval("return 'used'");
  }
  const std::string used = eval("return redis.sha1hex(\"return 'used'\")").substr(5, 40);
  EXPECT_EQ(reply({"SCRIPT", "EXISTS", used}), "*1\r\n:1\r\n");
}

TEST_F(ScriptCacheBounds, LargeScriptsLeaveByTheirSize) {
  for (int i = 0; i < 100; ++i) {
    const std::string value(std::size_t{1} << 20, static_cast<char>('a' + i % 26));
    eval("return #'" + value + std::to_string(i) + "'");
  }
  EXPECT_LT(script_bytes(), 40 * kMega);
}

TEST_F(ScriptCacheBounds, LoadedScriptsAreRefusedPastTheirBound) {
  std::string last;
  int loaded = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string value(std::size_t{1} << 20, static_cast<char>('a' + i % 26));
    last = reply({"SCRIPT", "LOAD", "return #'" + value + std::to_string(i) + "'"});
    loaded += last.front() == '$' ? 1 : 0;
  }
  EXPECT_THAT(last, StartsWith("-ERR The scripts of SCRIPT LOAD"));
  EXPECT_GT(loaded, 50);
  EXPECT_LT(loaded, 65);
  reply({"SCRIPT", "FLUSH", "ASYNC"});
  while (harness.end_turn()) {
  }
  EXPECT_LT(script_bytes(), kMega);
}

// Every allocation of a suite of scripts fails once.
TEST_F(ScriptCacheBounds, AnyAllocationMayFail) {
  const char* const kSuite[] = {
      "return {1, 'two', {3, {4}}, ARGV[1]}",
      "local t = {} for i = 1, 50 do t[i] = 'k' .. i end return t",
      "redis.call('SET', 'k', 'v') return redis.call('GET', 'k')",
      "redis.call('DEL', 'l') redis.call('RPUSH', 'l', 1, 2, 3) return redis.call('LRANGE', 'l', "
      "0, -1)",
      "redis.setresp(3) redis.call('HSET', 'h', 'f', 'v') return redis.call('HGETALL', 'h')",
      "return redis.pcall('INCR', 'l')",
      "return {pcall(redis.call, 'INCR', 'l')}",
      "error({err = 'MY own'})",
      "local c = coroutine.wrap(function(a) local b = coroutine.yield(a .. 'x') return b .. 'y' "
      "end) "
      "return {c('1'), c('2')}",
      "return loadstring('return {1, 2, 3}')()",
      "local i = 0 return load(function() i = i + 1 return ({'return ', '7'})[i] end)()",
      "return string.gsub(('ab'):rep(100), 'a', {a = 'xyz'})",
      "local t = {} for w in string.gmatch('one two three', '%a+') do t[#t + 1] = w end return t",
      "local t = {5, 3, 1} table.sort(t, function(a, b) return a < b end) return table.concat(t, "
      "',')",
      "return {redis.sha1hex('x'), redis.status_reply('A'), redis.error_reply('B c')}",
      "return setmetatable({}, {__index = function(t, k) return k end}).x",
      "return {unpack({1, 2, 3})}",
      "local t = {} for i = 1, 30 do t[i] = i end redis.call('RPUSH', 'm', unpack(t)) return #t",
      "return nosuch",
      "local function f(n) return n == 0 and 0 or 1 + f(n - 1) end return f(1000)",
  };
  for (const char* script : kSuite) {
    SCOPED_TRACE(script);
    const std::string expected = reply({"EVAL", script, "1", "key", "arg"});
    bool refused = true;
    for (int n = 1; refused && n < 100'000; ++n) {
      core().scripts.flush(Runtime::Freeing::at_once);
      core().scripts.refuse_memory_from(static_cast<std::uint64_t>(n));
      const std::string got = reply({"EVAL", script, "1", "key", "arg"});
      refused = core().scripts.has_refused_memory();
      core().scripts.refuse_memory_from(0);
      if (!refused) {
        EXPECT_EQ(got, expected);
      }
      ASSERT_FALSE(got.empty());
    }
    EXPECT_FALSE(refused);
    EXPECT_EQ(reply({"EVAL", script, "1", "key", "arg"}), expected);
  }
}

}  // namespace
}  // namespace larder::scripting
