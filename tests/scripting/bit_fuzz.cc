// Any function of `bit` with any arguments: the first byte is the function; then come arguments,
// each a byte for its kind and, for a number, its eight bytes.

#include <cstdint>
#include <cstring>
#include <string_view>

#include "tests/scripting/lua_state.h"

namespace {

constexpr const char* kFunctions[] = {"tobit",  "tohex",  "bnot",    "band", "bor", "bxor",
                                      "lshift", "rshift", "arshift", "rol",  "ror", "bswap"};
constexpr std::size_t kMostArguments = 200;

void push_argument(lua_State* lua, std::string_view& bytes) {
  const char kind = bytes[0];
  bytes.remove_prefix(1);
  if (kind == 0) return lua_pushnil(lua);
  if (kind == 1) return lua_pushstring(lua, "17");
  double value = 0;
  if (kind % 2 == 0) {
    value = kind * 17179869183.5;
  } else if (bytes.size() >= sizeof value) {
    std::memcpy(&value, bytes.data(), sizeof value);
    bytes.remove_prefix(sizeof value);
  }
  lua_pushnumber(lua, value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const char* name = kFunctions[data[0] % std::size(kFunctions)];
  bytes.remove_prefix(1);
  const larder::scripting::LuaState state;
  lua_State* lua = state.get();
  lua_checkstack(lua, kMostArguments + 10);
  lua_getglobal(lua, "bit");
  lua_getfield(lua, -1, name);
  int arguments = 0;
  for (; !bytes.empty() && arguments < static_cast<int>(kMostArguments); ++arguments) {
    push_argument(lua, bytes);
  }
  if (lua_pcall(lua, arguments, 1, 0) != 0) return 0;
  if (std::string_view(name) == "tohex") {
    LARDER_ASSERT(lua_type(lua, -1) == LUA_TSTRING && lua_objlen(lua, -1) <= 8);
    return 0;
  }
  const double result = lua_tonumber(lua, -1);
  LARDER_ASSERT(result == static_cast<std::int32_t>(result));
  return 0;
}
