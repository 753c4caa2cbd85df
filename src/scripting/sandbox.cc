#include "sandbox.h"

#include <ctime>
#include <string_view>

#include "host.h"
#include "libraries/libraries.h"
#include "library_load.h"
#include "proxies.h"

namespace larder::scripting {
namespace {

constexpr char kGlobals = 0;

// Lua's own globals that scripts may use. Without those that read files or print.
constexpr const char* kBase[] = {
    "xpcall",   "tostring",     "getfenv",  "setmetatable",  "next",   "assert",   "tonumber",
    "rawequal", "getmetatable", "rawset",   "pcall",         "type",   "select",   "unpack",
    "gcinfo",   "pairs",        "rawget",   "loadstring",    "ipairs", "_VERSION", "setfenv",
    "load",     "error",        "newproxy", "collectgarbage"};
// Those of them that a directive permits.
constexpr const char* kDeprecated[] = {"getfenv", "setfenv", "newproxy"};

struct Library {
  const char* name;
  lua_CFunction open;
  void (*add)(lua_State* lua);
};

int os_clock(lua_State* lua) {
  lua_pushnumber(lua, static_cast<lua_Number>(std::clock()) / CLOCKS_PER_SEC);
  return 1;
}

int open_os(lua_State* lua) {
  lua_createtable(lua, 0, 1);
  lua_pushcfunction(lua, os_clock);
  lua_setfield(lua, -2, "clock");
  return 1;
}

constexpr Library kLibraries[] = {
    {LUA_STRLIBNAME, luaopen_string, add_string_functions},
    {LUA_TABLIBNAME, luaopen_table, add_table_functions},
    {LUA_MATHLIBNAME, luaopen_math, add_math_functions},
    {LUA_OSLIBNAME, open_os, nullptr},
    {"cjson", open_cjson, nullptr},
    {"cmsgpack", open_cmsgpack, nullptr},
    {"struct", open_struct, nullptr},
    {"bit", open_bit, nullptr},
};

int refuse_unknown_global(lua_State* lua) {
  const char* const name = lua_type(lua, 2) == LUA_TSTRING ? lua_tostring(lua, 2) : "?";
  return luaL_error(lua, "Script attempted to access nonexistent global variable '%s'", name);
}

// Calls a function that opens a library; its table is then at the top.
void open(lua_State* lua, const char* name, lua_CFunction function) {
  lua_pushcfunction(lua, function);
  lua_pushstring(lua, name);
  lua_call(lua, 1, 1);
}

// The base library puts its functions into the present table of globals.
void add_base(lua_State* lua, int real) {
  open(lua, "", luaopen_base);
  lua_pop(lua, 1);
  for (const char* name : kBase) {
    lua_getfield(lua, LUA_GLOBALSINDEX, name);
    lua_setfield(lua, real, name);
  }
  lua_getfield(lua, LUA_GLOBALSINDEX, LUA_COLIBNAME);
  add_coroutine_functions(lua);
  make_proxy(lua);
  lua_setfield(lua, real, LUA_COLIBNAME);
  lua_pushvalue(lua, real);
  add_base_functions(lua);
  lua_pop(lua, 1);
  if (host_of(lua).parts().settings.lua_enable_deprecated_api.value()) return;
  for (const char* name : kDeprecated) {
    lua_pushnil(lua);
    lua_setfield(lua, real, name);
  }
}

void add_libraries(lua_State* lua, int real) {
  for (const Library& library : kLibraries) {
    open(lua, library.name, library.open);
    if (library.add != nullptr) library.add(lua);
    make_proxy(lua);
    lua_setfield(lua, real, library.name);
  }
}

// Names that share a place in a table are compared in the order in which they were added: those
// that scripts look up most come first, in a table that never grows.
void push_table_of_globals(lua_State* lua, SandboxKind kind) {
  constexpr int kMostGlobals = 64;
  lua_createtable(lua, 0, kMostGlobals);
  lua_pushboolean(lua, 0);
  lua_setfield(lua, -2, "redis");
  if (kind == SandboxKind::functions) return;
  for (const char* list : {"KEYS", "ARGV"}) {
    lua_newtable(lua);
    lua_setfield(lua, -2, list);
  }
}

}  // namespace

void push_globals(lua_State* lua) {
  lua_pushlightuserdata(lua, const_cast<char*>(&kGlobals));
  lua_rawget(lua, LUA_REGISTRYINDEX);
}

JsonSettings& shared_json_settings(lua_State* lua) {
  push_globals(lua);
  lua_getfield(lua, -1, "cjson");
  push_real(lua, -1);
  JsonSettings& settings = json_settings_of(lua);
  lua_pop(lua, 3);
  return settings;
}

void refuse_unknown_fields(lua_State* lua) {
  lua_createtable(lua, 0, 1);
  lua_pushcfunction(lua, refuse_unknown_global);
  lua_setfield(lua, -2, "__index");
  lua_setmetatable(lua, -2);
}

void open_sandbox(lua_State* lua, SandboxKind kind) {
  push_table_of_globals(lua, kind);
  const int real = lua_gettop(lua);
  lua_pushlightuserdata(lua, const_cast<char*>(&kGlobals));
  lua_pushvalue(lua, real);
  lua_rawset(lua, LUA_REGISTRYINDEX);
  add_base(lua, real);
  add_libraries(lua, real);
  push_server_table(lua, kind);
  make_proxy(lua);
  lua_pushvalue(lua, -1);
  lua_setfield(lua, real, "redis");
  lua_setfield(lua, real, "server");
  refuse_unknown_fields(lua);
  if (kind == SandboxKind::functions) add_load_globals(lua);
  // From here on the globals are the proxy, also for the functions of the libraries.
  lua_pushvalue(lua, real);
  make_proxy(lua);
  lua_pushvalue(lua, -1);
  lua_setfield(lua, real, "_G");
  lua_replace(lua, LUA_GLOBALSINDEX);
  lua_settop(lua, real - 1);
}

}  // namespace larder::scripting
