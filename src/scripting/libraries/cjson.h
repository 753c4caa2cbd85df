#pragma once

// What the functions of a table `cjson` share.

#include <lua.hpp>

#include "libraries.h"

namespace larder::scripting {

// The settings of a table `cjson`: those of cjson.new() have their own. They stay until
// reset().
struct JsonSettings {
  // What encode does with numbers that JSON does not have.
  enum InvalidNumbers : int { kRefuse, kAllow, kAsNull };

  int sparse_convert = 0;
  int sparse_ratio = 2;
  int sparse_safe = 10;
  int encode_max_depth = 1000;
  int decode_max_depth = 1000;
  int encode_invalid_numbers = kRefuse;
  int decode_invalid_numbers = kAllow;
  int number_precision = 14;
  int keep_buffer = 1;
  bool is_changed = false;  // perhaps
};

// Values in each of the functions: the settings, and the table in which encode keeps its bytes.
constexpr int kJsonSettings = lua_upvalueindex(1);
constexpr int kJsonShelf = lua_upvalueindex(2);

inline JsonSettings& json_settings(lua_State* lua) {
  return *static_cast<JsonSettings*>(lua_touserdata(lua, kJsonSettings));
}

int encode_json(lua_State* lua);
int decode_json(lua_State* lua);

}  // namespace larder::scripting
