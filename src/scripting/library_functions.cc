// The server's own versions of functions of Lua's libraries string, table and math.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "host.h"
#include "libraries/libraries.h"
#include "libraries/meter.h"
#include "proxies.h"
#include "sandbox.h"

namespace larder::scripting {
namespace {

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
  constexpr std::size_t kMostCopied = std::size_t{1} << 20;
  if (size > kLongest / count) return luaL_error(lua, "not enough memory");
  const std::size_t all = size * count;
  char* const room = static_cast<char*>(lua_newuserdata(lua, all));
  std::memcpy(room, text, size);
  Meter meter(lua);
  for (std::size_t filled = size; filled < all;) {
    // Whole repetitions, of which the next copy is a prefix.
    const std::size_t most = std::max(size, kMostCopied / size * size);
    const std::size_t more = std::min({filled, all - filled, most});
    std::memcpy(room + filled, room, more);
    meter.charge(more);
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

// A sort without a function looks at the interrupt while it works if it has more elements, or texts
// that are longer.
constexpr std::size_t kLongSort = 4096;
constexpr std::size_t kLongText = 1024;
// What a comparison counts for the meter, beside the bytes of texts.
constexpr std::size_t kComparison = 16;

std::size_t bytes_of_text(lua_State* lua, int index) {
  return lua_type(lua, index) == LUA_TSTRING ? lua_objlen(lua, index) : 0;
}

bool has_long_text(lua_State* lua, int elements) {
  bool has = false;
  for (int i = 1; i <= elements && !has; ++i) {
    lua_rawgeti(lua, 1, i);
    has = bytes_of_text(lua, -1) > kLongText;
    lua_pop(lua, 1);
  }
  return has;
}

bool is_long_sort(lua_State* lua) {
  const std::size_t elements = lua_objlen(lua, 1);
  return elements > kLongSort || has_long_text(lua, static_cast<int>(elements));
}

// Compares as sort does without a function. Its upvalue is the meter of the sort.
int compare(lua_State* lua) {
  auto& meter = *static_cast<Meter*>(lua_touserdata(lua, lua_upvalueindex(1)));
  meter.charge(kComparison + std::min(bytes_of_text(lua, 1), bytes_of_text(lua, 2)));
  lua_pushboolean(lua, lua_lessthan(lua, 1, 2));
  return 1;
}

int sort(lua_State* lua) {
  if (lua_type(lua, 1) == LUA_TTABLE && lua_isnoneornil(lua, 2) && !is_proxy(lua, 1) &&
      is_long_sort(lua)) {
    lua_settop(lua, 1);
    new (lua_newuserdata(lua, sizeof(Meter))) Meter(lua);
    lua_pushcclosure(lua, compare, 1);
  }
  return refuse_shared(lua);
}

// As the one of the interpreter, which cannot be interrupted.
int concatenate(lua_State* lua) {
  std::size_t size = 0;
  const char* const separator = luaL_optlstring(lua, 2, "", &size);
  luaL_checktype(lua, 1, LUA_TTABLE);
  const int first = luaL_optint(lua, 3, 1);
  const int last =
      lua_isnoneornil(lua, 4) ? static_cast<int>(lua_objlen(lua, 1)) : luaL_checkint(lua, 4);
  Meter meter(lua);
  luaL_Buffer out;
  luaL_buffinit(lua, &out);
  for (std::int64_t i = first; i <= last; ++i) {
    lua_rawgeti(lua, 1, static_cast<int>(i));
    if (lua_isstring(lua, -1) == 0) {
      return luaL_error(lua, "invalid value (%s) at index %d in table for 'concat'",
                        luaL_typename(lua, -1), static_cast<int>(i));
    }
    meter.charge(Meter::kElement + lua_objlen(lua, -1));
    luaL_addvalue(&out);
    if (i != last) luaL_addlstring(&out, separator, size);
  }
  luaL_pushresult(&out);
  return 1;
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
  add_search_functions(lua);
  add_text_functions(lua);
  set_function(lua, "rep", repeat);
}

void add_table_functions(lua_State* lua) {
  wrap(lua, "insert", insert);
  wrap(lua, "remove", refuse_shared);
  wrap(lua, "sort", sort);
  set_function(lua, "concat", concatenate);
}

void add_math_functions(lua_State* lua) {
  set_function(lua, "random", random_number);
  set_function(lua, "randomseed", random_seed);
}

}  // namespace larder::scripting
