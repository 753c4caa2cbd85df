#pragma once

// The interpreter's own headers, and the way from a state to the part of the server that owns it.

#include <lua.hpp>

#include "lua_heap.h"

namespace larder::scripting {

class Host;

inline LuaHeap& heap_of(lua_State* lua) {
  void* heap = nullptr;
  lua_getallocf(lua, &heap);
  return *static_cast<LuaHeap*>(heap);
}

inline Host& host_of(lua_State* lua) { return heap_of(lua).host(); }

}  // namespace larder::scripting
