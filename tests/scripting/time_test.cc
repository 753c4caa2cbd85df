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

TEST_F(ScriptTime, WithoutALimitAScriptMayTakeLong) {
  reply({"CONFIG", "SET", "script-time-limit", "0"});
  EXPECT_EQ(eval("local n = 0 for i = 1, 30000000 do n = n + 1 end return n"), ":30000000\r\n");
}

}  // namespace
}  // namespace larder::scripting
