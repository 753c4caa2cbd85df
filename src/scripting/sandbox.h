#pragma once

// The environment of scripts: the globals and libraries that they may use, all behind proxies, with
// the server's own versions of the functions that could otherwise escape, write to what all scripts
// share, or run without a bound. docs/scripting.md lists them.

#include <cstdint>

#include "lua.h"

namespace larder::scripting {

// What a state is for.
enum class SandboxKind : std::uint8_t { scripts, functions };

// Fills a new state. Raises Lua's error if memory runs out.
void open_sandbox(lua_State* lua, SandboxKind kind);

// Pushes the real table of globals, in which KEYS and ARGV are set.
void push_globals(lua_State* lua);

// The settings of `cjson`, which all scripts share.
struct JsonSettings;
JsonSettings& shared_json_settings(lua_State* lua);

// The parts of open_sandbox(): each adds its functions to the table at the top of the stack. The
// originals of what they replace are there already.
void add_base_functions(lua_State* lua);
void add_string_functions(lua_State* lua);
void add_text_functions(lua_State* lua);
void add_table_functions(lua_State* lua);
void add_math_functions(lua_State* lua);
void add_coroutine_functions(lua_State* lua);
// Pushes the table `redis`.
void push_server_table(lua_State* lua, SandboxKind kind);
// Pushes that of a library while it is loaded: the log and the version.
void push_load_table(lua_State* lua);

// Reading a field that the table at the top does not have is an error from now on.
void refuse_unknown_fields(lua_State* lua);

// The longest source that scripts may compile.
inline constexpr std::size_t kMostSourceBytes = 16 << 20;
// Compiles the text; pushes the function, or nil and the error. Returns how many it pushed.
int compile_text(lua_State* lua, const char* text, std::size_t size, const char* name);

}  // namespace larder::scripting
