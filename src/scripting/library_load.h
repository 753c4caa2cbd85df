#pragma once

// The running of a library's code, which registers its functions.

#include <cstdint>
#include <string>
#include <string_view>

#include "function_index.h"
#include "larder/engine/function_libraries.h"
#include "lua.h"

namespace larder::scripting {

struct LibraryLoad {
  std::string_view code;  // without the text of its first line
  Library& library;       // gets the functions, also before an error
  std::int64_t most_ms;   // that it may take; 0: there is no limit
  engine::FunctionLibraries::Pauses* pauses = nullptr;
  std::int64_t began_us = 0;
  std::uint64_t text_bytes = 0;  // of names and descriptions
  std::uint64_t compiled_bytes = 0;
  std::string error{};  // Redis's text without a code; empty without one
};

// What a library sees while it is loaded: the table `redis` with little more than
// register_function. Pushes the real table of globals. For open_sandbox().
void add_load_globals(lua_State* lua);

// Compiles and runs the code. Raises no error but that of memory.
void load_library(lua_State* lua, LibraryLoad& load);

// For the hook: makes the pause of the library that is being loaded, if there is one, and raises an
// error if it has taken too long or shall not go on. While libraries are loaded there is no pcall()
// that could catch it.
void check_load_time(lua_State* lua);

}  // namespace larder::scripting
