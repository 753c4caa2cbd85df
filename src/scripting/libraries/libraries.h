#pragma once

// The libraries that Redis gives to scripts: cjson, cmsgpack, struct and bit, with the same results
// and the same error texts. They use no allocator but the one of their Lua state.
//
// Bytes that grow are userdata of Lua (byte_buffer.h), and nothing in this folder has a destructor.
// So a Lua error may leave it anywhere, by an exception or by longjmp.

#include <lua.hpp>

namespace larder::scripting {

// Each pushes the table of its library. They may raise an error when memory ends.
int open_bit(lua_State* lua);
int open_cjson(lua_State* lua);
int open_cmsgpack(lua_State* lua);
int open_struct(lua_State* lua);

// The settings of the table `cjson` that is at the top, which live as long as its functions.
struct JsonSettings;
JsonSettings& json_settings_of(lua_State* lua);
// Back to the defaults.
void reset(JsonSettings& settings);

// Replaces find, match, gmatch and gsub in the table `string`, which is at the top.
void add_search_functions(lua_State* lua);

// A library calls the check after each few thousand elements or bytes of a call. The check may
// raise a Lua error, which ends the call. It is one for the whole state, and none in the beginning.
using InterruptCheck = void (*)(lua_State* lua);
void set_interrupt_check(lua_State* lua, InterruptCheck check);

}  // namespace larder::scripting
