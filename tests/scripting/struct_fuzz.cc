// Any format and data: the first byte is the length of the format. What the format reads, it can
// write, unless a length was read.

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "tests/scripting/lua_state.h"

namespace {

constexpr std::size_t kLimit = std::size_t{64} << 20;

// Puts struct.<name> and the format below all values of the stack, and calls it.
bool apply(lua_State* lua, const char* name, std::string_view format) {
  if (lua_checkstack(lua, 3) == 0) return false;
  lua_getglobal(lua, "struct");
  lua_getfield(lua, -1, name);
  lua_remove(lua, -2);
  lua_insert(lua, 1);
  lua_pushlstring(lua, format.data(), format.size());
  lua_insert(lua, 2);
  return lua_pcall(lua, lua_gettop(lua) - 1, LUA_MULTRET, 0) == 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view all(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::string_view format = all.substr(0, std::min<std::size_t>(data[0], all.size()));
  const std::string_view bytes = all.substr(format.size());
  const larder::scripting::LuaState state(kLimit);
  lua_State* lua = state.get();
  const bool has_size = apply(lua, "size", format);
  const auto fixed_size = static_cast<std::size_t>(has_size ? lua_tonumber(lua, -1) : 0);
  lua_settop(lua, 0);

  lua_pushlstring(lua, bytes.data(), bytes.size());
  if (!apply(lua, "unpack", format)) return 0;
  LARDER_ASSERT(lua_gettop(lua) >= 1);
  const double end = lua_tonumber(lua, -1);
  LARDER_ASSERT(end >= 1 && end <= static_cast<double>(bytes.size() + 1));
  if (!has_size) return 0;
  LARDER_ASSERT(end == static_cast<double>(fixed_size + 1));
  lua_pop(lua, 1);
  LARDER_ASSERT(apply(lua, "pack", format));
  LARDER_ASSERT(lua_objlen(lua, -1) == fixed_size);
  return 0;
}
