// The table `cjson` and its settings.

#include "cjson.h"

#include <climits>
#include <new>

#include "byte_buffer.h"
#include "libraries.h"

namespace larder::scripting {
namespace {

constexpr const char* kOffOn[] = {"off", "on", nullptr};
constexpr const char* kOffOnNull[] = {"off", "on", "null", nullptr};

// Adds nil for missing arguments.
JsonSettings& settings_for(lua_State* lua, int arguments) {
  luaL_argcheck(lua, lua_gettop(lua) <= arguments, arguments + 1, "found too many arguments");
  lua_settop(lua, arguments);
  JsonSettings& settings = json_settings(lua);
  settings.is_changed = true;
  return settings;
}

// Sets `setting` if the argument is given, and pushes it.
int integer_setting(lua_State* lua, int argument, int& setting, int least, int most) {
  if (!lua_isnil(lua, argument)) {
    const auto value = static_cast<int>(luaL_checkinteger(lua, argument));
    if (value < least || value > most) {
      luaL_argerror(lua, 1,
                    lua_pushfstring(lua, "expected integer between %d and %d", least, most));
    }
    setting = value;
  }
  lua_pushinteger(lua, setting);
  return 1;
}

// The same for one of several words, of which the first two may also be written as booleans.
int word_setting(lua_State* lua, int argument, int& setting, const char* const* words) {
  if (lua_isboolean(lua, argument)) {
    setting = lua_toboolean(lua, argument);
  } else if (!lua_isnil(lua, argument)) {
    setting = luaL_checkoption(lua, argument, nullptr, words);
  }
  if (setting <= 1) {
    lua_pushboolean(lua, setting);
  } else {
    lua_pushstring(lua, words[setting]);
  }
  return 1;
}

int encode_sparse_array(lua_State* lua) {
  auto& settings = settings_for(lua, 3);
  word_setting(lua, 1, settings.sparse_convert, kOffOn);
  integer_setting(lua, 2, settings.sparse_ratio, 0, INT_MAX);
  integer_setting(lua, 3, settings.sparse_safe, 0, INT_MAX);
  return 3;
}

int encode_max_depth(lua_State* lua) {
  return integer_setting(lua, 1, settings_for(lua, 1).encode_max_depth, 1, INT_MAX);
}

int decode_max_depth(lua_State* lua) {
  return integer_setting(lua, 1, settings_for(lua, 1).decode_max_depth, 1, INT_MAX);
}

int encode_number_precision(lua_State* lua) {
  constexpr int kMostDigits = 14;
  return integer_setting(lua, 1, settings_for(lua, 1).number_precision, 1, kMostDigits);
}

int encode_keep_buffer(lua_State* lua) {
  auto& settings = settings_for(lua, 1);
  word_setting(lua, 1, settings.keep_buffer, kOffOn);
  if (settings.keep_buffer == 0) ByteBuffer::drop_kept(lua, kJsonShelf);
  return 1;
}

int encode_invalid_numbers(lua_State* lua) {
  return word_setting(lua, 1, settings_for(lua, 1).encode_invalid_numbers, kOffOnNull);
}

int decode_invalid_numbers(lua_State* lua) {
  return word_setting(lua, 1, settings_for(lua, 1).decode_invalid_numbers, kOffOn);
}

constexpr luaL_Reg kFunctions[] = {
    {"encode", encode_json},
    {"decode", decode_json},
    {"encode_sparse_array", encode_sparse_array},
    {"encode_max_depth", encode_max_depth},
    {"decode_max_depth", decode_max_depth},
    {"encode_number_precision", encode_number_precision},
    {"encode_keep_buffer", encode_keep_buffer},
    {"encode_invalid_numbers", encode_invalid_numbers},
    {"decode_invalid_numbers", decode_invalid_numbers},
    {"new", open_cjson},
};

void set_text(lua_State* lua, const char* name, const char* text) {
  lua_pushstring(lua, text);
  lua_setfield(lua, -2, name);
}

}  // namespace

JsonSettings& json_settings_of(lua_State* lua) {
  lua_getfield(lua, -1, "encode");
  lua_getupvalue(lua, -1, 1);
  auto* const settings = static_cast<JsonSettings*>(lua_touserdata(lua, -1));
  lua_pop(lua, 2);
  return *settings;
}

void reset(JsonSettings& settings) {
  if (settings.is_changed) settings = JsonSettings{};
}

int open_cjson(lua_State* lua) {
  lua_newtable(lua);
  const int table = lua_gettop(lua);
  new (lua_newuserdata(lua, sizeof(JsonSettings))) JsonSettings;
  lua_createtable(lua, 1, 0);
  for (const auto& function : kFunctions) {
    lua_pushvalue(lua, -2);
    lua_pushvalue(lua, -2);
    lua_pushcclosure(lua, function.func, 2);
    lua_setfield(lua, table, function.name);
  }
  lua_settop(lua, table);
  lua_pushlightuserdata(lua, nullptr);
  lua_setfield(lua, -2, "null");
  set_text(lua, "_NAME", "cjson");
  set_text(lua, "_VERSION", "2.1.0");
  return 1;
}

}  // namespace larder::scripting
