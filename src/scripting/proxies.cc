#include "proxies.h"

namespace larder::scripting {
namespace {

// Its address is the key of the real table in the metatable of its proxy: no script can make it.
constexpr char kReal = 0;

void push_key(lua_State* lua) { lua_pushlightuserdata(lua, const_cast<char*>(&kReal)); }

constexpr char kRefusal[] = "Attempt to modify a readonly table";

// With the place in the script, as errors of the language itself have it.
int refuse_assignment(lua_State* lua) { return luaL_error(lua, "%s", kRefusal); }

}  // namespace

void make_proxy(lua_State* lua) {
  lua_newtable(lua);
  lua_createtable(lua, 0, 3);
  lua_pushvalue(lua, -3);
  lua_setfield(lua, -2, "__index");
  lua_pushcfunction(lua, refuse_assignment);
  lua_setfield(lua, -2, "__newindex");
  push_key(lua);
  lua_pushvalue(lua, -4);
  lua_rawset(lua, -3);
  lua_setmetatable(lua, -2);
  lua_remove(lua, -2);
}

bool is_proxy(lua_State* lua, int index) {
  if (lua_getmetatable(lua, index) == 0) return false;
  push_key(lua);
  lua_rawget(lua, -2);
  const bool found = lua_type(lua, -1) == LUA_TTABLE;
  lua_pop(lua, 2);
  return found;
}

void push_real(lua_State* lua, int index) {
  if (lua_getmetatable(lua, index) != 0) {
    push_key(lua);
    lua_rawget(lua, -2);
    lua_remove(lua, -2);
    if (lua_type(lua, -1) == LUA_TTABLE) return;
    lua_pop(lua, 1);
  }
  lua_pushvalue(lua, index);
}

int refuse_change(lua_State* lua) {
  lua_pushstring(lua, kRefusal);
  return lua_error(lua);
}

}  // namespace larder::scripting
