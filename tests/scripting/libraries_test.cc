#include "src/scripting/libraries/libraries.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>

#include "larder/base/format.h"
#include "larder/base/rng.h"
#include "tests/scripting/lua_state.h"

namespace larder::scripting {
namespace {

// Scripts that use each function, with results that are short, long, deep and wrong.
constexpr const char* kScripts[] = {
    "return cjson.encode({1, 2, {a = 'b/\\n', c = {true, false, cjson.null, 1.5}}})",
    "return cjson.encode(string.rep('a\\001', 20000))",
    "local t = {} for i = 1, 60 do t[i] = {k = i, ['n' .. i] = i / 7} end return cjson.encode(t)",
    "local t = {} for i = 1, 60 do t = {t} end return cjson.encode(t)",
    "return pcall(cjson.encode, {type}) and 'none' or 'error'",
    "return "
    "cjson.encode(cjson.decode('{\"a\":[1,2.5,\"x\",null,true],\"b\":{\"c\":\"\\\\u00e9\"}}'))",
    "return #cjson.decode('\"' .. string.rep('\\\\u00e9\\\\n', 3000) .. '\"')",
    "return #cjson.decode('[' .. string.rep('{\"key\":[1,2,3]},', 60) .. '1]')",
    "return type(cjson.decode(string.rep('[', 200) .. string.rep(']', 200)))",
    "return pcall(cjson.decode, '[1,2,{\"a\":') and 'none' or 'error'",
    "local j = cjson.new() j.encode_keep_buffer(false) return j.encode({1, 2, 3})",
    "return pcall(cjson.encode_number_precision, 99) and 'none' or 'error'",
    "return #cmsgpack.pack({1, 2, {a = 'b', c = {true, false, 1.5, -7, 2^40}}}, 'more', 300)",
    "return #cmsgpack.pack(string.rep('a', 100000))",
    "local t = {} for i = 1, 60 do t[i] = {k = i, ['n' .. i] = i / 7} end return "
    "#cmsgpack.pack(t)",
    "return #cmsgpack.pack(cmsgpack.unpack(cmsgpack.pack({a = {1, 2, 3}, b = 'text', c = -1.5})))",
    "return select('#', cmsgpack.unpack(string.rep('a', 5000)))",
    "return type(cmsgpack.unpack(string.rep('\\145', 300) .. 'a'))",
    "return pcall(cmsgpack.unpack, '\\221\\255\\255\\255\\255' .. string.rep('a', 500)) and 'none' "
    "or 'error'",
    "return #struct.pack('>!4ibhsc0d', 1, 2, 3, 'text', string.rep('a', 5000), 4.5)",
    "return select('#', struct.unpack('>bhi', string.rep('a', 20)))",
    "return select('#', struct.unpack(string.rep('b', 3000), string.rep('a', 3000)))",
    "return pcall(struct.pack, 'q') and 'none' or 'error'",
    "return bit.tohex(bit.bxor(1, 2, 3))",
};

// A first run fills what stays: strings, kept bytes.
class Scripts : public testing::TestWithParam<const char*> {
 protected:
  void refuse_each_call(LuaState::Refused refused) {
    LuaState state;
    const std::string expected = state.run(GetParam());
    ASSERT_FALSE(state.failed()) << expected;
    for (std::uint64_t nth = 1;; ++nth) {
      lua_gc(state.get(), LUA_GCCOLLECT, 0);
      state.load(GetParam());
      state.refuse(nth, refused);
      const std::string result = state.call();
      const bool was_refused = state.refused() != 0;
      // A script may catch the error itself.
      if (state.failed()) {
        ASSERT_EQ(result, "not enough memory");
      } else if (result != "error") {
        ASSERT_EQ(result, expected);
      }
      if (!was_refused) break;
    }
    EXPECT_EQ(state.run(GetParam()), expected);
  }
};

TEST_P(Scripts, EndWithAnErrorWhenOneAllocationFails) { refuse_each_call(LuaState::Refused::one); }

TEST_P(Scripts, EndWithAnErrorWhenAllocationsFailFromOneOn) {
  refuse_each_call(LuaState::Refused::all_later);
}

INSTANTIATE_TEST_SUITE_P(Libraries, Scripts, testing::ValuesIn(kScripts));

TEST(Libraries, StayWithinTheLimitOfTheirState) {
  constexpr std::size_t kLimit = std::size_t{8} << 20;
  constexpr const char* kLarge[] = {
      "local s = string.rep('\\001', 3000000) return cjson.encode(s)",
      "return cjson.encode({string.rep('a', 4000000)})",
      "return cjson.decode('[' .. string.rep('[],', 500000) .. '1]')",
      "return cmsgpack.pack(string.rep('a', 5000000))",
      "return cmsgpack.unpack('\\221\\000\\015\\255\\255' .. string.rep('\\144', 1000000))",
      ("return struct.pack('c0c0c0', string.rep('a', 2000000), string.rep('a', 2000000), "
       "string.rep('b', 2000000))"),
  };
  for (const char* script : kLarge) {
    LuaState state(kLimit);
    EXPECT_EQ(state.run(script), "not enough memory") << script;
    EXPECT_LE(state.used(), kLimit);
    lua_gc(state.get(), LUA_GCCOLLECT, 0);
    EXPECT_EQ(state.run("return cjson.encode({1})"), "[1]");
  }
}

void stop(lua_State* lua) { luaL_error(lua, "stopped"); }

TEST(Libraries, AskWhetherToStopDuringLongCalls) {
  constexpr const char* kPrepared = R"(
      list, map = {}, {}
      for i = 1, 30000 do list[i] = i; map['k' .. i] = i end
      text = string.rep('a', 100000)
      json, pack, layout = cjson.encode(list), cmsgpack.pack(list), string.rep('b', 7000)
      spaces = string.rep(' ', 100000) return 'done')";
  constexpr const char* kLong[] = {
      "return cjson.encode(list)",
      "return cjson.encode(map)",
      "return cjson.encode(text)",
      "return cjson.decode(json)",
      "return cjson.decode('\"' .. text .. '\"')",
      "return cjson.decode(spaces .. '1')",
      "return cmsgpack.pack(list)",
      "return cmsgpack.pack(map)",
      "return cmsgpack.unpack(pack)",
      "return struct.unpack(layout, text)",
      "return struct.size(string.rep('b', 70000))",
  };
  LuaState state;
  ASSERT_EQ(state.run(kPrepared), "done");
  for (const char* script : kLong) {
    set_interrupt_check(state.get(), nullptr);
    const std::string result = state.run(script);
    EXPECT_FALSE(state.failed()) << script << ": " << result;
    set_interrupt_check(state.get(), stop);
    EXPECT_NE(state.run(script).find("stopped"), std::string::npos) << script;
    EXPECT_TRUE(state.failed());
  }
}

TEST(Libraries, DoNotAskDuringShortCalls) {
  LuaState state;
  set_interrupt_check(state.get(), stop);
  EXPECT_EQ(state.run("return cjson.encode({1, 2, 3})"), "[1,2,3]");
}

TEST(Json, KeepsItsBytesUnlessTheyAreLarge) {
  LuaState state;
  // Without garbage, and without the buffer of Lua itself, which becomes smaller step by step.
  const auto used_after = [&state](const char* script) {
    state.run(script);
    for (int i = 0; i < 12; ++i) lua_gc(state.get(), LUA_GCCOLLECT, 0);
    return state.used();
  };
  constexpr std::size_t kNoise = 5000;
  const auto before = used_after("return cjson.encode(1)");
  EXPECT_GE(used_after("return cjson.encode(string.rep('a', 20000))"), before + 19000);
  EXPECT_LE(used_after("cjson.encode_keep_buffer(false)"), before + kNoise);
  EXPECT_LE(used_after("return cjson.encode(string.rep('a', 20000))"), before + kNoise);
  EXPECT_LE(
      used_after("cjson.encode_keep_buffer(true) return cjson.encode(string.rep('a', 100000))"),
      before + kNoise);
}

TEST(Json, CanBeCalledWithinItself) {
  LuaState state;
  // A finalizer runs while the outer call encodes.
  EXPECT_EQ(state.run(R"(
      local list, inner = {}, nil
      for i = 1, 3000 do list[i] = 'a' end
      collectgarbage('setpause', 0)
      collectgarbage('setstepmul', 1000000)
      local function encode_inside() inner = cjson.encode({string.rep('b', 5000)}) end
      local function leave_proxy() getmetatable(newproxy(true)).__gc = encode_inside end
      leave_proxy()
      local text = cjson.encode(list)
      collectgarbage()
      assert(inner == '["' .. string.rep('b', 5000) .. '"]')
      return text == '[' .. string.rep('"a",', 2999) .. '"a"]' and 'equal' or text)"),
            "equal");
}

TEST(Json, SettingsStayForLaterScripts) {
  LuaState state;
  EXPECT_EQ(state.run("cjson.encode_number_precision(3) return cjson.encode(1/3)"), "0.333");
  EXPECT_EQ(state.run("return cjson.encode(1/3)"), "0.333");
  EXPECT_EQ(state.run("return cjson.new().encode(1/3)"), "0.33333333333333");
}

// Numbers of all sizes, also those near to a power of ten.
double draw_number(base::Rng& rng) {
  switch (rng.below(4)) {
    case 0: {
      const std::uint64_t bits = rng.next();
      double value = 0;
      std::memcpy(&value, &bits, sizeof value);
      return std::isfinite(value) ? value : 0.0;
    }
    case 1:
      return static_cast<double>(static_cast<std::int64_t>(rng.next()) >> rng.below(64));
    case 2:
      return static_cast<double>(rng.below(1000000)) / 1000.0;
    default:
      return std::pow(10, static_cast<double>(rng.below(40)) - 20) *
             (1 + (rng.unit() - 0.5) / 1e13);
  }
}

TEST(Json, PrintsNumbersAsPrintf) {
  LuaState state;
  base::Rng rng(7);
  lua_State* lua = state.get();
  lua_getglobal(lua, "cjson");
  for (int i = 0; i < 100000; ++i) {
    const double value = draw_number(rng);
    lua_getfield(lua, -1, "encode");
    lua_pushnumber(lua, value);
    lua_call(lua, 1, 1);
    ASSERT_EQ(lua_tostring(lua, -1), base::printed("%.14g", value));
    lua_pop(lua, 1);
  }
}

std::string draw_number_text(base::Rng& rng) {
  switch (rng.below(3)) {
    case 0:
      return base::printed("%.*g", static_cast<int>(rng.below(25)), draw_number(rng));
    case 1:
      return base::printed("%.*f", static_cast<int>(rng.below(25)), draw_number(rng));
    default: {
      constexpr std::string_view kCharacters = "0011223456789.eE-+xpf";
      std::string text(1, static_cast<char>('0' + rng.below(10)));
      for (auto left = rng.below(30); left > 0; --left)
        text += kCharacters[rng.below(kCharacters.size())];
      return text;
    }
  }
}

TEST(Json, ReadsNumbersAsStrtod) {
  LuaState state;
  base::Rng rng(8);
  lua_State* lua = state.get();
  lua_getglobal(lua, "cjson");
  for (int i = 0; i < 100000; ++i) {
    const std::string text = draw_number_text(rng);
    char* end = nullptr;
    const double expected = std::strtod(text.c_str(), &end);
    lua_getfield(lua, -1, "decode");
    lua_pushlstring(lua, text.data(), text.size());
    const bool is_accepted = lua_pcall(lua, 1, 1, 0) == 0;
    ASSERT_EQ(is_accepted, *end == '\0') << text;
    if (is_accepted) {
      const double value = lua_tonumber(lua, -1);
      ASSERT_EQ(std::memcmp(&value, &expected, sizeof value), 0) << text;
    }
    lua_pop(lua, 1);
  }
}

// The limit is the Lua stack's, when a script asks for no other.
TEST(Libraries, EndDeepNestingWithAnError) {
  LuaState state;
  EXPECT_NE(state
                .run(R"(
      local json = cjson.new()
      json.encode_max_depth(2^31 - 1) json.decode_max_depth(2^31 - 1)
      local list, map = {}, {}
      for i = 1, 20000 do list = {list} map = {a = map} end
      local ok, text = pcall(json.encode, list) assert(not ok)
      ok, text = pcall(json.encode, map) assert(not ok)
      ok, text = pcall(json.decode, string.rep('{"a":[', 20000)) assert(not ok)
      ok, text = pcall(cmsgpack.unpack, string.rep('\145', 20000)) assert(not ok)
      ok, text = pcall(cmsgpack.unpack, string.rep('\129', 20000)) assert(not ok)
      return text)")
                .find("stack overflow"),
            std::string::npos);
}

}  // namespace
}  // namespace larder::scripting
