#pragma once

// Values of Lua and replies of commands as the debugger shows them.

#include <cstddef>
#include <string>
#include <string_view>

#include "lua.h"

namespace larder::scripting {

// Appends the value at this place of the stack, until the text has more than `most` bytes: what
// comes then is left out.
void show_value(std::string& text, lua_State* lua, int index, std::size_t most);

// The same for a complete reply in RESP2 or RESP3.
void show_reply(std::string& text, std::string_view reply, std::size_t most);

}  // namespace larder::scripting
