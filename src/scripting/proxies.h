#pragma once

// Tables that scripts can read and not change: an empty table, the proxy, stands for the real one,
// to which no script gets a reference. Reading a field of the proxy reads the real table, writing
// to it is an error, and nothing in the sandbox returns its metatable.

#include "lua.h"

namespace larder::scripting {

// Replaces the real table at the top of the stack by its proxy.
void make_proxy(lua_State* lua);

// Whether the value at this place is a proxy.
bool is_proxy(lua_State* lua, int index);

// Pushes the real table of a proxy, or the value itself if it is none.
void push_real(lua_State* lua, int index);

// The error of everything that would change a proxy, raised by a function of the server.
int refuse_change(lua_State* lua);

}  // namespace larder::scripting
