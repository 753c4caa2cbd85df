// Any bytes as a text of JSON. What was decoded can be encoded, and then decoding and encoding
// changes nothing but the order of keys.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tests/scripting/lua_state.h"

namespace {

constexpr std::size_t kLimit = std::size_t{64} << 20;

// Calls cjson.<name> with the value on top of the stack, and replaces the value by the result.
bool apply(lua_State* lua, const char* name) {
  lua_getglobal(lua, "cjson");
  lua_getfield(lua, -1, name);
  lua_insert(lua, -3);
  lua_pop(lua, 1);
  return lua_pcall(lua, 1, 1, 0) == 0;
}

std::optional<std::string> encoded(lua_State* lua) {
  if (!apply(lua, "encode")) return std::nullopt;
  std::size_t size = 0;
  const char* text = lua_tolstring(lua, -1, &size);
  return std::string(text, size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const larder::scripting::LuaState state(kLimit);
  lua_State* lua = state.get();
  lua_pushlstring(lua, reinterpret_cast<const char*>(data), size);
  if (!apply(lua, "decode")) return 0;
  // Numbers that JSON does not have are decoded, but not encoded.
  const auto first = encoded(lua);
  if (!first) return 0;
  LARDER_ASSERT(apply(lua, "decode"));
  const auto second = encoded(lua);
  LARDER_ASSERT(second && second->size() == first->size());
  return 0;
}
