#pragma once

// Replies of commands as values of Lua, and values of Lua as replies, by Redis's rules.

#include <string_view>

#include "larder/resp/writer.h"
#include "lua.h"

namespace larder::scripting {

// Pushes the value of one reply. The bytes are a complete reply of this server. Raises Lua's error
// if memory runs out.
void push_reply(lua_State* lua, std::string_view reply);

// Writes the value on top of the stack as a reply, and removes it. `script` is the protocol that
// the script has chosen. Returns whether a reply is an error that no command has counted. The heap
// must not refuse memory meanwhile.
bool write_reply(lua_State* lua, resp::Writer& reply, resp::Protocol script);

}  // namespace larder::scripting
