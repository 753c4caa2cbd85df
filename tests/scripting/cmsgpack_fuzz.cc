// Any bytes as MessagePack. What was unpacked can be packed. When what has no place in tables is
// gone, unpacking and packing changes nothing but the order of keys.

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/scripting/lua_state.h"

namespace {

constexpr std::size_t kLimit = std::size_t{64} << 20;

// Calls cmsgpack.<name> with all values of the stack, and leaves the results.
bool apply(lua_State* lua, const char* name) {
  const int arguments = lua_gettop(lua);
  if (lua_checkstack(lua, 2) == 0) return false;
  lua_getglobal(lua, "cmsgpack");
  lua_getfield(lua, -1, name);
  lua_remove(lua, -2);
  lua_insert(lua, 1);
  return lua_pcall(lua, arguments, LUA_MULTRET, 0) == 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const larder::scripting::LuaState state(kLimit);
  lua_State* lua = state.get();
  lua_pushlstring(lua, reinterpret_cast<const char*>(data), size);
  if (!apply(lua, "unpack") || lua_gettop(lua) == 0) return 0;
  // Packing loses tables that are too deep, unpacking then elements that are nil.
  if (!apply(lua, "pack") || !apply(lua, "unpack")) return 0;
  LARDER_ASSERT(apply(lua, "pack"));
  const std::size_t packed = lua_objlen(lua, -1);
  LARDER_ASSERT(apply(lua, "unpack") && apply(lua, "pack"));
  LARDER_ASSERT(lua_objlen(lua, -1) == packed);
  return 0;
}
