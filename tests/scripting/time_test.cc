// Scripts that do not end.

#include "tests/scripting/script_room.h"

namespace larder::scripting {
namespace {

using testing::HasSubstr;

class ScriptTime : public ScriptRoom {
 protected:
  ScriptTime() : ScriptRoom("script-time-limit 50\n") { harness.clock().us_per_reading = 1000; }
  void expect_end(const std::string& script) {
    SCOPED_TRACE(script);
    EXPECT_THAT(eval(script), HasSubstr("Script ended: it ran longer than script-time-limit"));
    EXPECT_EQ(eval("local n = 0 for i = 1, 1000 do n = n + 1 end return n"), ":1000\r\n");
  }
};

TEST_F(ScriptTime, ALoopEnds) {
  expect_end("while true do end");
  expect_end("repeat until false");
  expect_end("for i = 1, math.huge do end");
  expect_end("local function f() return f() end return f()");
}

TEST_F(ScriptTime, PcallDoesNotHelp) {
  expect_end("while true do pcall(function() while true do end end) end");
  expect_end("pcall(function() while true do end end) return 1");
  expect_end("local function f() pcall(f) while true do end end f()");
  expect_end(
      "while true do xpcall(function() while true do end end, function(e) return e end) end");
  expect_end("xpcall(function() while true do end end, function() while true do end end)");
}

TEST_F(ScriptTime, CoroutinesDoNotHelp) {
  expect_end(
      "while true do coroutine.resume(coroutine.create(function() while true do end end)) end");
  expect_end(
      "local f = coroutine.wrap(function() while true do coroutine.yield() end end) "
      "while true do f() end");
  expect_end("while true do pcall(coroutine.wrap(function() for i = 1, 1000 do end end)) end");
}

TEST_F(ScriptTime, CallbacksDoNotHelp) {
  expect_end(
      "while true do string.gsub(('x'):rep(1000), 'x', function() while true do end end) end");
  expect_end("table.sort({3, 2, 1}, function(a, b) while true do end end)");
  expect_end("return setmetatable({}, {__index = function() while true do end end}).x");
  expect_end("while true do redis.pcall('GET', 'k') end");
}

TEST_F(ScriptTime, LongCallsEnd) {
  reply({"CONFIG", "SET", "script-memory-limit", "100mb"});
  const std::string text = "local s = ('x'):rep(1000000) ";
  // Each call looks at the clock once for 16 KB: the second one ends the script.
  expect_end(text + "redis.sha1hex(s) return redis.sha1hex(s)");
  expect_end(text + "s:upper() return s:upper()");
  expect_end(text + "s:lower() return s:lower()");
  expect_end(text + "s:reverse() return s:reverse()");
  expect_end(
      text +
      "return table.sort({s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s})");
}

// It rings while it is set for the first time.
class Bell final : public Alarm {
 public:
  explicit Bell(Runtime& scripts) : scripts_(scripts) { scripts.wake_by(this); }
  ~Bell() { scripts_.wake_by(nullptr); }
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  void set() override {
    if (++times == 1) scripts_.request_check();
  }

  int times = 0;

 private:
  Runtime& scripts_;
};

TEST_F(ScriptTime, AnAlarmLooksAtTheClockAtOnce) {
  const auto readings = [this] {
    const std::int64_t before = harness.clock().steady_now_us();
    EXPECT_EQ(eval("return 1"), ":1\r\n");
    return (harness.clock().steady_now_us() - before) / harness.clock().us_per_reading;
  };
  readings();
  const std::int64_t usual = readings();
  const Bell bell(core().scripts);
  EXPECT_EQ(readings(), usual + 1);
  EXPECT_EQ(readings(), usual);
}

TEST_F(ScriptTime, AnAlarmIsSetAgainWhenItHasRung) {
  Bell bell(core().scripts);
  eval("return 1");
  EXPECT_EQ(bell.times, 2);
  for (int i = 0; i < 3; ++i) eval("return 1");
  EXPECT_EQ(bell.times, 2);
  core().scripts.request_check();
  EXPECT_EQ(bell.times, 2);
  eval("return 1");
  EXPECT_EQ(bell.times, 3);
}

TEST_F(ScriptTime, WithoutALimitAScriptMayTakeLong) {
  reply({"CONFIG", "SET", "script-time-limit", "0"});
  EXPECT_EQ(eval("local n = 0 for i = 1, 30000000 do n = n + 1 end return n"), ":30000000\r\n");
}

}  // namespace
}  // namespace larder::scripting
