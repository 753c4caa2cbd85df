// The server's own versions of functions of Lua's base library.

#include <array>
#include <climits>
#include <cstdint>

#include "errors.h"
#include "proxies.h"
#include "sandbox.h"

namespace larder::scripting {
namespace {

constexpr char kProtected = 0;

// What scripts get as the metatable of what all of them share: an empty proxy.
void push_protected(lua_State* lua) {
  lua_pushlightuserdata(lua, const_cast<char*>(&kProtected));
  lua_rawget(lua, LUA_REGISTRYINDEX);
}

int next(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  lua_settop(lua, 2);
  push_real(lua, 1);
  lua_insert(lua, 2);
  if (lua_next(lua, 2) != 0) return 2;
  lua_pushnil(lua);
  return 1;
}

int pairs(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_pushvalue(lua, 1);
  lua_pushnil(lua);
  return 3;
}

int raw_get(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  luaL_checkany(lua, 2);
  lua_settop(lua, 2);
  push_real(lua, 1);
  lua_insert(lua, 2);
  lua_rawget(lua, 2);
  return 1;
}

int raw_set(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  luaL_checkany(lua, 2);
  luaL_checkany(lua, 3);
  if (is_proxy(lua, 1)) return refuse_change(lua);
  lua_settop(lua, 3);
  lua_rawset(lua, 1);
  return 1;
}

int get_metatable(lua_State* lua) {
  luaL_checkany(lua, 1);
  if (lua_type(lua, 1) == LUA_TSTRING || is_proxy(lua, 1)) {
    push_protected(lua);
    return 1;
  }
  if (lua_getmetatable(lua, 1) == 0) {
    lua_pushnil(lua);
    return 1;
  }
  luaL_getmetafield(lua, 1, "__metatable");
  return 1;
}

int set_metatable(lua_State* lua) {
  const int type = lua_type(lua, 2);
  luaL_checktype(lua, 1, LUA_TTABLE);
  luaL_argcheck(lua, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table expected");
  if (is_proxy(lua, 1)) return refuse_change(lua);
  if (luaL_getmetafield(lua, 1, "__metatable") != 0) {
    return luaL_error(lua, "cannot change a protected metatable");
  }
  lua_settop(lua, 2);
  lua_setmetatable(lua, 1);
  return 1;
}

// The environment of the thread is that of all scripts: only functions get another one.
int set_environment(lua_State* lua) {
  if (lua_isnumber(lua, 1) != 0 && lua_tonumber(lua, 1) == 0) {
    return luaL_error(lua, "'setfenv' cannot change environment of given object");
  }
  const int arguments = lua_gettop(lua);
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, 1);
  // One level more is between the function and its caller.
  if (lua_type(lua, 2) == LUA_TNUMBER) {
    lua_pushnumber(lua, lua_tonumber(lua, 2) + 1);
    lua_replace(lua, 2);
  }
  lua_call(lua, arguments, LUA_MULTRET);
  return lua_gettop(lua);
}

// The bounds are 64 bits wide, so that their difference is right for all of them.
int unpack(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  const std::int64_t first = luaL_optint(lua, 2, 1);
  const std::int64_t last = lua_isnoneornil(lua, 3)
                                ? static_cast<std::int64_t>(lua_objlen(lua, 1))
                                : static_cast<std::int64_t>(luaL_checkint(lua, 3));
  if (first > last) return 0;
  const std::int64_t count = last - first + 1;
  if (count >= INT_MAX || lua_checkstack(lua, static_cast<int>(count)) == 0) {
    return luaL_error(lua, "too many results to unpack");
  }
  for (std::int64_t i = first; i <= last; ++i) lua_rawgeti(lua, 1, static_cast<int>(i));
  return static_cast<int>(count);
}

// As in Redis: if the error is a table that describes one, the result is its text.
int protected_call(lua_State* lua) {
  if (lua_gettop(lua) == 0) lua_pushnil(lua);
  const int arguments = lua_gettop(lua) - 1;
  const int status = lua_pcall(lua, arguments, LUA_MULTRET, 0);
  if (status == 0) {
    lua_pushboolean(lua, 1);
    lua_insert(lua, 1);
    return lua_gettop(lua);
  }
  if (lua_istable(lua, -1)) {
    lua_pushliteral(lua, "err");
    lua_rawget(lua, -2);
    lua_isstring(lua, -1) != 0 ? lua_replace(lua, -2) : lua_pop(lua, 1);
  }
  lua_pushboolean(lua, 0);
  lua_insert(lua, -2);
  return 2;
}

int load_string(lua_State* lua) {
  std::size_t size = 0;
  const char* const text = luaL_checklstring(lua, 1, &size);
  return compile_text(lua, text, size, luaL_optstring(lua, 2, text));
}

// All pieces are collected first, so that no function of a script runs inside of the parser.
int load(lua_State* lua) {
  const char* const name = luaL_optstring(lua, 2, "=(load)");
  luaL_checktype(lua, 1, LUA_TFUNCTION);
  lua_settop(lua, 2);
  luaL_Buffer pieces;
  luaL_buffinit(lua, &pieces);
  for (std::size_t size = 0;;) {
    luaL_checkstack(lua, 2, "too many pieces");
    lua_pushvalue(lua, 1);
    lua_call(lua, 0, 1);
    if (lua_isnil(lua, -1)) break;
    if (lua_isstring(lua, -1) == 0) return luaL_error(lua, "reader function must return a string");
    std::size_t more = 0;
    lua_tolstring(lua, -1, &more);
    if (more == 0) break;
    size += more;
    if (size > kMostSourceBytes) return luaL_error(lua, "the chunk is too long");
    luaL_addvalue(&pieces);
  }
  lua_pop(lua, 1);
  luaL_pushresult(&pieces);
  std::size_t size = 0;
  const char* const text = lua_tolstring(lua, -1, &size);
  return compile_text(lua, text, size, name);
}

// Scripts may collect and count; they do not change how garbage is collected.
int collect_garbage(lua_State* lua) {
  static constexpr const char* kOptions[] = {"stop", "restart",  "collect",    "count",
                                             "step", "setpause", "setstepmul", nullptr};
  static constexpr int kActions[] = {-1, -1, LUA_GCCOLLECT, LUA_GCCOUNT, LUA_GCSTEP, -1, -1};
  const int action = kActions[luaL_checkoption(lua, 1, "collect", kOptions)];
  const int argument = luaL_optint(lua, 2, 0);
  if (action == -1) {
    lua_pushinteger(lua, 0);
    return 1;
  }
  const int result = lua_gc(lua, action, argument);
  if (action == LUA_GCCOUNT) {
    lua_pushnumber(lua, result + static_cast<lua_Number>(lua_gc(lua, LUA_GCCOUNTB, 0)) / 1024);
  } else if (action == LUA_GCSTEP) {
    lua_pushboolean(lua, result);
  } else {
    lua_pushinteger(lua, result);
  }
  return 1;
}

// Without a metatable, so that there are no finalizers.
int new_proxy(lua_State* lua) {
  lua_newuserdata(lua, 0);
  return 1;
}

void set_function(lua_State* lua, const char* name, lua_CFunction function) {
  lua_pushcfunction(lua, function);
  lua_setfield(lua, -2, name);
}

}  // namespace

int compile_text(lua_State* lua, const char* text, std::size_t size, const char* name) {
  lua_pushnil(lua);
  if (size > kMostSourceBytes) {
    lua_pushliteral(lua, "the chunk is too long");
    return 2;
  }
  if (size > 0 && text[0] == LUA_SIGNATURE[0]) {
    lua_pushliteral(lua, "attempt to load a compiled chunk");
    return 2;
  }
  lua_gc(lua, LUA_GCSTOP, 0);
  const int status = luaL_loadbuffer(lua, text, size, name);
  lua_gc(lua, LUA_GCRESTART, 0);
  return status == 0 ? 1 : 2;
}

void add_base_functions(lua_State* lua) {
  lua_newtable(lua);
  make_proxy(lua);
  lua_pushlightuserdata(lua, const_cast<char*>(&kProtected));
  lua_insert(lua, -2);
  lua_rawset(lua, LUA_REGISTRYINDEX);
  set_function(lua, "next", next);
  lua_getfield(lua, -1, "next");
  lua_pushcclosure(lua, pairs, 1);
  lua_setfield(lua, -2, "pairs");
  lua_getfield(lua, -1, "setfenv");
  lua_pushcclosure(lua, set_environment, 1);
  lua_setfield(lua, -2, "setfenv");
  set_function(lua, "rawget", raw_get);
  set_function(lua, "rawset", raw_set);
  set_function(lua, "getmetatable", get_metatable);
  set_function(lua, "setmetatable", set_metatable);
  set_function(lua, "unpack", unpack);
  set_function(lua, "pcall", protected_call);
  set_function(lua, "loadstring", load_string);
  set_function(lua, "load", load);
  set_function(lua, "collectgarbage", collect_garbage);
  set_function(lua, "newproxy", new_proxy);
}

}  // namespace larder::scripting
