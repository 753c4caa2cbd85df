#pragma once

// Arrays whose first elements are known before their table is made, which saves Lua from growing
// the table step by step.

#include <bit>
#include <lua.hpp>

namespace larder::scripting {

// How many elements a library keeps on the stack at most, before it makes the table.
constexpr int kMostCollected = 16;

// Replaces the `count` values on top of the stack by a table with them. None may be nil. The table
// is the same in all that a script can see as if they had been added one by one: the room for
// elements is a power of two.
inline void collect_array(lua_State* lua, int count) {
  const int room = count == 0 ? 0 : static_cast<int>(std::bit_ceil(static_cast<unsigned>(count)));
  lua_createtable(lua, room, 0);
  lua_insert(lua, -1 - count);
  for (int i = count; i > 0; --i) lua_rawseti(lua, -1 - i, i);
}

}  // namespace larder::scripting
