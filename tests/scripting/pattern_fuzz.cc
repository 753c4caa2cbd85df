// Any bytes as a pattern, a text and a replacement for the searches of scripts, with a bound for
// their time. What match() finds is what find() finds.

#include <cstdint>
#include <string_view>

#include "tests/scripting/lua_state.h"

namespace {

using larder::scripting::LuaState;

constexpr std::size_t kLimit = std::size_t{64} << 20;

// A search that takes exponential time is ended by its first check.
void end_call(lua_State* lua) { luaL_error(lua, "it takes too long"); }

void push_function(lua_State* lua, const char* name) {
  lua_getglobal(lua, "string");
  lua_getfield(lua, -1, name);
  lua_remove(lua, -2);
}

void push(lua_State* lua, std::string_view text) { lua_pushlstring(lua, text.data(), text.size()); }

}  // namespace

// The first two bytes tell how long the pattern and the replacement are.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const LuaState state(kLimit);
  if (size < 2) return 0;
  lua_State* lua = state.get();
  larder::scripting::set_interrupt_check(lua, end_call);
  lua_settop(lua, 0);
  lua_gc(lua, LUA_GCCOLLECT, 0);
  std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string_view pattern = rest.substr(0, data[0]);
  rest.remove_prefix(pattern.size());
  const std::string_view replacement = rest.substr(0, data[1] % 16);
  const std::string_view text = rest.substr(replacement.size());

  push_function(lua, "find");
  push(lua, text);
  push(lua, pattern);
  const bool is_sound = lua_pcall(lua, 2, 2, 0) == 0;
  const bool is_found = is_sound && lua_isnil(lua, 1) == 0;
  const auto begin = is_found ? static_cast<std::size_t>(lua_tointeger(lua, 1)) : 0;
  const auto end = is_found ? static_cast<std::size_t>(lua_tointeger(lua, 2)) : 0;
  LARDER_ASSERT(!is_found || (begin >= 1 && end <= text.size() && begin <= end + 1));
  lua_settop(lua, 0);

  push_function(lua, "gsub");
  push(lua, text);
  push(lua, pattern);
  push(lua, replacement);
  const bool is_replaced = lua_pcall(lua, 3, 2, 0) == 0;
  if (is_replaced && is_sound && pattern.find_first_of("%[(") == std::string_view::npos &&
      pattern.find('\0') == std::string_view::npos && !is_found) {
    LARDER_ASSERT(lua_tointeger(lua, 2) == 0);
  }
  return 0;
}
