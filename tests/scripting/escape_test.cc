// Scripts that try to leave the sandbox, to change what all scripts share, or to end the server.
// None may succeed; the server must work afterwards as before.

#include "tests/scripting/functions_room.h"

namespace larder::scripting {
namespace {

using testing::HasSubstr;

// Each runs as a script, and as the body of a function.
enum class Form : std::uint8_t { script, function };

class Escapes : public FunctionRoom, public testing::WithParamInterface<Form> {
 protected:
  Escapes() : FunctionRoom("script-memory-limit 20mb\nlua-enable-deprecated-api yes\n") {}

  std::string eval(const std::string& script) {
    if (GetParam() == Form::script) return ScriptRoom::eval(script);
    const std::string defined =
        load("lib", "redis.register_function('f', function(...) local KEYS, ARGV = ... " + script +
                        "\nend)");
    return defined.front() == '-' ? defined : call("f");
  }

  // What each of the following scripts sees.
  void expect_intact() {
    EXPECT_EQ(eval("return {type(redis.call), type(string.rep), type(table.insert), type(_G), "
                   "#ARGV, #KEYS}"),
              "*6\r\n$8\r\nfunction\r\n$8\r\nfunction\r\n$8\r\nfunction\r\n$5\r\ntable\r\n:0\r\n"
              ":0\r\n");
    EXPECT_EQ(eval("return ('x'):rep(2) .. tostring(rawget(_G, 'stolen'))"), "$5\r\nxxnil\r\n");
  }
  void expect_error(const std::string& script, const std::string& text) {
    SCOPED_TRACE(script);
    const std::string got = eval(script);
    EXPECT_EQ(got.front(), '-') << got;
    EXPECT_THAT(got, HasSubstr(text));
    expect_intact();
  }
  void expect_reply(const std::string& script, const std::string& expected) {
    SCOPED_TRACE(script);
    EXPECT_EQ(eval(script), expected);
    expect_intact();
  }
};

constexpr char kReadOnly[] = "Attempt to modify a readonly table";

// Every table that scripts can reach without making it.
constexpr const char* kShared[] = {"_G",
                                   "redis",
                                   "server",
                                   "string",
                                   "table",
                                   "math",
                                   "os",
                                   "coroutine",
                                   "cjson",
                                   "cmsgpack",
                                   "struct",
                                   "bit",
                                   "getmetatable('')",
                                   "getmetatable(_G)",
                                   "getmetatable(redis)"};

TEST_P(Escapes, SharedTablesCannotBeChanged) {
  for (const char* table : kShared) {
    const std::string t = std::string("local t = ") + table + " ";
    expect_error(t + "t.stolen = 1", kReadOnly);
    expect_error(t + "t.call = 1", kReadOnly);
    expect_error(t + "t[1] = 1", kReadOnly);
    expect_error(t + "rawset(t, 'stolen', 1)", kReadOnly);
    expect_error(t + "rawset(t, 1, 1)", kReadOnly);
    expect_error(t + "table.insert(t, 1)", kReadOnly);
    expect_error(t + "table.insert(t, 1, 1)", kReadOnly);
    expect_error(t + "table.remove(t)", kReadOnly);
    expect_error(t + "table.sort(t)", kReadOnly);
    expect_error(t + "setmetatable(t, {__index = {stolen = 1}})", kReadOnly);
    expect_error(t + "setmetatable(t, nil)", kReadOnly);
    expect_error(t + "getmetatable(t).__index = {}", kReadOnly);
    expect_error(t + "getmetatable(getmetatable(t)).__newindex = nil", kReadOnly);
    expect_error(t + "for k in pairs(t) do t[k] = 1 end t.stolen = 1", kReadOnly);
    expect_error(t + "error(t)", "ERR");
    expect_reply(t + "local s = 0 for k, v in pairs(t) do s = s + 1 end "
                     "local k = next(t) return type(s) .. type(rawget(t, k or 'x'))",
                 eval(t + "return 'number' .. type(rawget(t, next(t) or 'x'))"));
  }
}

// No function returns a table that is shared and can be changed.
TEST_P(Escapes, NoValueIsASharedTableThatCanBeChanged) {
  expect_reply(
      "local seen, open, found = {}, {_G}, 0 "
      "while #open > 0 do local t = table.remove(open) "
      "if not seen[t] then seen[t] = true "
      "if t ~= KEYS and t ~= ARGV then "
      "if pcall(rawset, t, 'stolen', 1) then found = found + 1 end "
      "for k, v in pairs(t) do if type(v) == 'table' then open[#open + 1] = v end end "
      "end end end return found",
      ":0\r\n");
}

TEST_P(Escapes, MetatablesOfSharedValuesAreHidden) {
  expect_reply("return tostring(getmetatable(_G).__index) .. tostring(getmetatable('').__index)",
               "$6\r\nnilnil\r\n");
  expect_reply("return tostring(next(getmetatable(redis)))", "$3\r\nnil\r\n");
}

// CVE-2022-0543: the package library loads native code.
TEST_P(Escapes, NativeCodeCannotBeLoaded) {
  expect_error("return package.loadlib('/lib/x86_64-linux-gnu/liblua5.1.so.0', 'luaopen_io')",
               "nonexistent global variable 'package'");
  for (const char* name : {"package", "io", "debug", "require", "module", "dofile", "loadfile"}) {
    expect_reply(std::string("return tostring(rawget(_G, '") + name + "'))", "$3\r\nnil\r\n");
  }
  expect_reply("return tostring(os.execute) .. tostring(os.exit) .. tostring(os.getenv)",
               "$9\r\nnilnilnil\r\n");
}

// Compiled code is not verified and could read and write any memory.
TEST_P(Escapes, CompiledCodeIsRefused) {
  expect_reply("return tostring(loadstring(string.dump(function() end)))", "$3\r\nnil\r\n");
  expect_reply(
      "local d = string.dump(function() end) "
      "local f = load(function() local r = d d = nil return r end) return tostring(f)",
      "$3\r\nnil\r\n");
  expect_reply(
      "local d, i = string.dump(function() end), 0 "
      "local f = load(function() i = i + 1 return i <= #d and d:sub(i, i) or nil end) "
      "return tostring(f)",
      "$3\r\nnil\r\n");
  const std::string got = eval("\033Lua");
  EXPECT_THAT(got, testing::StartsWith("-ERR Error compiling"));
}

// CVE-2025-49844: a collection in the parser freed the chunk's name.
TEST_P(Escapes, TheParserRunsNoCodeAndCollectsNothing) {
  expect_reply(
      "local n = 0 for i = 1, 200 do local name = 'chunk' .. i "
      "local f = load(function() collectgarbage() if n < i then n = i "
      "return 'return ' .. ('{'):rep(50) .. ('}'):rep(50) end end, name) name = nil "
      "collectgarbage() if type(f) ~= 'function' then return f end end return n",
      ":200\r\n");
}

// CVE-2025-46817: the difference of the bounds of unpack did not fit.
TEST_P(Escapes, BoundsOfUnpackAreChecked) {
  for (const char* bounds :
       {"0, 2147483647", "-2147483648, 2147483647", "-1, 2147483646", "1, 1e9", "-1e9, 1e9"}) {
    expect_error(std::string("return {unpack({1}, ") + bounds + ")}", "too many results to unpack");
  }
  expect_reply("return #{unpack({1}, 2147483647, -2147483648)}", ":0\r\n");
}

// CVE-2024-46981: finalizers ran when the state was closed.
TEST_P(Escapes, ThereAreNoFinalizers) {
  expect_reply("return tostring(getmetatable(newproxy(true)))", "$3\r\nnil\r\n");
  expect_error("setmetatable(newproxy(true), {__gc = function() end})", "table expected");
}

// CVE-2025-46819: delimiters of long strings.
TEST_P(Escapes, LongDelimitersAreParsed) {
  const std::string equals(100'000, '=');
  EXPECT_EQ(eval("return #[" + equals + "[x]" + equals + "]"), ":1\r\n");
  EXPECT_EQ(eval("return [" + equals).front(), '-');
  EXPECT_EQ(eval("--[" + equals + "[").front(), '-');
  expect_intact();
}

TEST_P(Escapes, EnvironmentsOfOthersCannotBeChanged) {
  expect_error("setfenv(0, {})", "cannot change environment");
  expect_error("setfenv('0', {})", "cannot change environment");
  expect_error("setfenv(redis.call, {})", "cannot change environment");
  expect_error("setfenv(string.rep, {})", "cannot change environment");
  expect_error("getfenv(redis.call).stolen = 1", kReadOnly);
  expect_error("getfenv(0).stolen = 1", kReadOnly);
  expect_error("for i = 1, 20 do getfenv(i).stolen = 1 end", kReadOnly);
  expect_error("for i = 2, 20 do setfenv(i, {}) end", "");
  expect_error("coroutine.wrap(function() setfenv(0, {}) end)()", "cannot change environment");
  expect_error("coroutine.wrap(function() getfenv(0).stolen = 1 end)()", kReadOnly);
}

TEST_P(Escapes, RecursionEndsInAnError) {
  expect_error("local function f() return 1 + f() end return f()", "stack overflow");
  expect_error("local function f() return pcall(f) end local ok, e = f() error('end')", "end");
  expect_error("local f f = function() return coroutine.wrap(f)() end return f()", "overflow");
  expect_error(
      "local t = setmetatable({}, {}) getmetatable(t).__index = function(_, k) return t[k] end "
      "return t.x",
      "overflow");
  expect_error(
      "local t = {} for i = 1, 200 do t = setmetatable({}, {__index = t}) end "
      "local u = setmetatable({}, {}) getmetatable(u).__index = u return u.x",
      "loop in gettable");
  expect_error("return string.gsub('x', 'x', function() return string.gsub('x', 'x', error) end)",
               "ERR");
  expect_error("local s = ('('):rep(300) return loadstring('return ' .. s)() ", "attempt to call");
  expect_error("return " + std::string(10'000, '('), "too many");
  expect_error("return " + std::string(10'000, '{'), "too many");
  std::string negations = "return ";
  for (int i = 0; i < 10'000; ++i) negations += "not ";
  expect_error(negations + "1", "too many");
}

TEST_P(Escapes, PatternsDoNotOverflowTheStack) {
  expect_error("return string.find(('a'):rep(1000000), ('a?'):rep(1000000))", "not enough memory");
  expect_error("return string.find(('a'):rep(1000000), ('a-'):rep(1000000))", "not enough memory");
  expect_reply("return #(string.match(('a'):rep(200000), ('a?'):rep(200000)))", ":200000\r\n");
  expect_reply("return string.find(('a'):rep(200000), ('a-'):rep(200000))", ":1\r\n");
  expect_reply("return string.gsub('a', ('(a)'):rep(100000), '')", "$1\r\na\r\n");
  expect_error("return string.match('a', ('('):rep(100))", "too many captures");
  expect_reply("return #(string.match(('a'):rep(8000), ('a?'):rep(8000)))", ":8000\r\n");
  expect_reply("return string.find(('x'):rep(100000), ('x'):rep(90000), 1, true)", ":1\r\n");
  expect_reply("return string.find(('x'):rep(100000), ('x'):rep(90000))", ":1\r\n");
}

TEST_P(Escapes, RepliesAreNestedToABound) {
  const std::string got = eval("local t = {} t[1] = t return t");
  EXPECT_THAT(got, HasSubstr("reached lua stack limit"));
  expect_intact();
  EXPECT_THAT(eval("local t = {} for i = 1, 100000 do t = {t} end return t"),
              HasSubstr("reached lua stack limit"));
  expect_intact();
  EXPECT_THAT(eval("local t = {} t.map = {a = t} return t"), HasSubstr("reached lua stack limit"));
  expect_intact();
}

TEST_P(Escapes, BombsEndInErrors) {
  expect_error("return ('x'):rep(2147483647)", "not enough memory");
  expect_error("local s = 'x' while true do s = s .. s end", "not enough memory");
  expect_error("local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end",
               "not enough memory");
  expect_error("local s = ('x'):rep(1000000) return (s:gsub('x', s))", "not enough memory");
  expect_error(
      "local t = {} for i = 1, 10000 do t[i] = ('x'):rep(10000) end "
      "return table.concat(t, ('y'):rep(10000))",
      "not enough memory");
  expect_error("return table.concat(setmetatable({}, {__len = 1e9}), ',', 1, 2147483647)",
               "invalid value");
  expect_error("table.insert({}, -2147483648, 1)", "out of bounds");
  expect_error("return string.format('%1000d', 1)", "invalid format");
  expect_error("return string.rep('x', 1e10)", "");
  expect_reply("return #string.rep('', 2147483647)", ":0\r\n");
}

// Values that a script keeps in what it can reach are gone in the next run.
TEST_P(Escapes, EnvironmentsAreThoseOfTheScript) {
  expect_reply("return {type(newproxy()), type(newproxy(true))}",
               "*2\r\n$8\r\nuserdata\r\n$8\r\nuserdata\r\n");
  expect_reply("local f = function() return x end setfenv(f, {x = 5}) return f()", ":5\r\n");
  expect_reply("setfenv(1, {x = 6}) return x", ":6\r\n");
  expect_reply("return getfenv(1) == getfenv(0)", ":1\r\n");
}

TEST_P(Escapes, RunsShareNothing) {
  const std::string script =
      "KEYS.mine = 1 ARGV.mine = 1 local text = tostring "
      "local before = rawget(getfenv(1), 'mine') setfenv(1, {mine = 1}) return text(before)";
  EXPECT_EQ(eval(script), "$3\r\nnil\r\n");
  EXPECT_EQ(eval(script), "$3\r\nnil\r\n");
  expect_reply("return tostring(KEYS.mine) .. tostring(ARGV.mine)", "$6\r\nnilnil\r\n");
}

TEST_P(Escapes, SettingsOfCjsonLastForOneRun) {
  const std::string show =
      "local a, b, c = cjson.encode_sparse_array() return table.concat({tostring(a), b, c, "
      "cjson.encode_max_depth(), cjson.decode_max_depth(), cjson.encode_number_precision(), "
      "tostring(cjson.encode_keep_buffer()), tostring(cjson.encode_invalid_numbers()), "
      "tostring(cjson.decode_invalid_numbers())}, ' ')";
  const std::string set =
      "cjson.encode_sparse_array(true, 5, 6) cjson.encode_max_depth(7) cjson.decode_max_depth(1) "
      "cjson.encode_number_precision(3) cjson.encode_keep_buffer(false) "
      "cjson.encode_invalid_numbers('null') cjson.decode_invalid_numbers(false) ";
  const std::string defaults = eval(show);
  EXPECT_THAT(defaults, HasSubstr("false 2 10 1000 1000 14 true false true"));
  EXPECT_THAT(eval(set + show), HasSubstr("true 5 6 7 1 3 false null false"));
  EXPECT_EQ(eval(show), defaults);
  eval(set + "error('ended')");
  EXPECT_EQ(eval(show), defaults);
  expect_reply("return cjson.encode(cjson.decode('[[1.23456789]]'))", "$14\r\n[[1.23456789]]\r\n");
}

TEST_P(Escapes, CommandsThatScriptsMayNotRunAreRefused) {
  for (const char* words :
       {"'EVAL', 'return 1', 0", "'SCRIPT', 'FLUSH'", "'CONFIG', 'SET', 'port', 1", "'MULTI'",
        "'EXEC'", "'SUBSCRIBE', 'x'", "'MONITOR'", "'SHUTDOWN'", "'DEBUG', 'SLEEP', 0",
        "'ACL', 'LIST'", "'AUTH', 'x'", "'HELLO', '3'", "'RESET'", "'CLIENT', 'KILL', 'x'"}) {
    expect_error(std::string("return redis.call(") + words + ")", "not allowed from script");
  }
}

TEST_F(FunctionRoom, FunctionsDoNotHaveDeprecatedGlobals) {
  EXPECT_THAT(load("lib",
                   "redis.register_function('f', function() return tostring(rawget(_G, "
                   "'getfenv')) .. tostring(rawget(_G, 'newproxy')) .. type(setfenv) end)"),
              HasSubstr("lib"));
  EXPECT_THAT(call("f"), HasSubstr("nonexistent global variable 'setfenv'"));
}

INSTANTIATE_TEST_SUITE_P(AsScriptsAndFunctions, Escapes,
                         testing::Values(Form::script, Form::function), [](const auto& tested) {
                           return tested.param == Form::script ? "Script" : "Function";
                         });

}  // namespace
}  // namespace larder::scripting
