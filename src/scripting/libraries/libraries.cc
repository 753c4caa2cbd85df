#include "libraries.h"

#include "meter.h"

namespace larder::scripting {
namespace {

constexpr const char* kCheckField = "larder.interrupt_check";

}  // namespace

void set_interrupt_check(lua_State* lua, InterruptCheck check) {
  lua_pushlightuserdata(lua, reinterpret_cast<void*>(check));
  lua_setfield(lua, LUA_REGISTRYINDEX, kCheckField);
}

void check_interrupt(lua_State* lua) {
  luaL_checkstack(lua, 1, "too many values");
  lua_getfield(lua, LUA_REGISTRYINDEX, kCheckField);
  const auto check = reinterpret_cast<InterruptCheck>(lua_touserdata(lua, -1));
  lua_pop(lua, 1);
  if (check != nullptr) check(lua);
}

}  // namespace larder::scripting
