// The server's own versions of functions of Lua's libraries string, table and math.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "host.h"
#include "proxies.h"
#include "sandbox.h"

namespace larder::scripting {
namespace {

// The matcher of patterns calls itself for each of these characters of a pattern.
constexpr std::string_view kNesting = "*+?-()";
constexpr std::ptrdiff_t kMostNested = 8192;

// A copy of the function stands in an upvalue.
int call_original(lua_State* lua) {
  const int arguments = lua_gettop(lua);
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, 1);
  lua_call(lua, arguments, LUA_MULTRET);
  return lua_gettop(lua);
}

void wrap(lua_State* lua, const char* name, lua_CFunction function) {
  lua_getfield(lua, -1, name);
  lua_pushcclosure(lua, function, 1);
  lua_setfield(lua, -2, name);
}

// string

bool is_too_complex(std::string_view pattern) {
  return static_cast<std::ptrdiff_t>(pattern.size()) > kMostNested &&
         std::count_if(pattern.begin(), pattern.end(), [](char c) {
           return kNesting.find(c) != std::string_view::npos;
         }) > kMostNested;
}

int match_pattern(lua_State* lua) {
  std::size_t size = 0;
  const char* const pattern = luaL_checklstring(lua, 2, &size);
  if (is_too_complex({pattern, size})) return luaL_error(lua, "pattern too complex");
  return call_original(lua);
}

// In one piece, so that a size that cannot be had is refused before anything is written.
int repeat(lua_State* lua) {
  std::size_t size = 0;
  const char* const text = luaL_checklstring(lua, 1, &size);
  const int times = luaL_checkint(lua, 2);
  if (size == 0 || times <= 0) {
    lua_pushliteral(lua, "");
    return 1;
  }
  const auto count = static_cast<std::size_t>(times);
  constexpr std::size_t kLongest = std::size_t{1} << 40;
  if (size > kLongest / count) return luaL_error(lua, "not enough memory");
  const std::size_t all = size * count;
  char* const room = static_cast<char*>(lua_newuserdata(lua, all));
  std::memcpy(room, text, size);
  for (std::size_t filled = size; filled < all;) {
    const std::size_t more = filled < all - filled ? filled : all - filled;
    std::memcpy(room + filled, room, more);
    filled += more;
  }
  lua_pushlstring(lua, room, all);
  return 1;
}

// table

int refuse_shared(lua_State* lua) {
  return is_proxy(lua, 1) ? refuse_change(lua) : call_original(lua);
}

// Positions far below the first would move as many elements that do not exist.
int insert(lua_State* lua) {
  constexpr lua_Number kFarthest = 1 << 20;
  if (lua_gettop(lua) == 3 && lua_type(lua, 2) == LUA_TNUMBER &&
      lua_tonumber(lua, 2) < -kFarthest) {
    return luaL_argerror(lua, 2, "position out of bounds");
  }
  return refuse_shared(lua);
}

// math: the numbers that Redis's scripts get, which are those of lrand48.

constexpr std::int32_t kMostRandom = INT32_MAX;

int random_number(lua_State* lua) {
  const auto drawn = static_cast<lua_Number>(host_of(lua).random() % kMostRandom) / kMostRandom;
  switch (lua_gettop(lua)) {
    case 0:
      lua_pushnumber(lua, drawn);
      return 1;
    case 1: {
      const int last = luaL_checkint(lua, 1);
      luaL_argcheck(lua, 1 <= last, 1, "interval is empty");
      lua_pushnumber(lua, std::floor(drawn * last) + 1);
      return 1;
    }
    case 2: {
      const int first = luaL_checkint(lua, 1);
      const int last = luaL_checkint(lua, 2);
      luaL_argcheck(lua, first <= last, 2, "interval is empty");
      const lua_Number width = static_cast<lua_Number>(last) - first + 1;
      lua_pushnumber(lua, std::floor(drawn * width) + first);
      return 1;
    }
    default:
      return luaL_error(lua, "wrong number of arguments");
  }
}

int random_seed(lua_State* lua) {
  host_of(lua).seed(static_cast<std::uint32_t>(luaL_checkint(lua, 1)));
  return 0;
}

void set_function(lua_State* lua, const char* name, lua_CFunction function) {
  lua_pushcfunction(lua, function);
  lua_setfield(lua, -2, name);
}

}  // namespace

void add_string_functions(lua_State* lua) {
  wrap(lua, "find", match_pattern);
  wrap(lua, "match", match_pattern);
  wrap(lua, "gmatch", match_pattern);
  wrap(lua, "gfind", match_pattern);
  wrap(lua, "gsub", match_pattern);
  set_function(lua, "rep", repeat);
}

void add_table_functions(lua_State* lua) {
  wrap(lua, "insert", insert);
  wrap(lua, "remove", refuse_shared);
  wrap(lua, "sort", refuse_shared);
}

void add_math_functions(lua_State* lua) {
  set_function(lua, "random", random_number);
  set_function(lua, "randomseed", random_seed);
}

}  // namespace larder::scripting
