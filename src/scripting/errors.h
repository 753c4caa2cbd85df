#pragma once

// Errors as scripts see them: tables with the field `err`, and after they were raised `source` and
// `line`.

#include <string_view>

#include "lua.h"

namespace larder::scripting {

// Pushes the table for an error. "-CODE text" keeps its code; a text without '-' gets the code ERR.
void push_error(lua_State* lua, std::string_view text);

// The same for "-" and the string at this index, which is not copied if it has a code. False, and
// nothing is pushed, if the error contains another text.
bool push_own_error(lua_State* lua, int text);

// Raises the error.
int raise_error(lua_State* lua, std::string_view text);

// The handler of the outermost call: makes a table of the error and adds where it was raised.
int handle_error(lua_State* lua);

// The fields of a table that describes an error.
struct ErrorParts {
  std::string_view text;    // without '-'; as long as the table lives
  std::string_view source;  // empty if it is not known
  std::string_view line;
  bool was_counted = false;  // the command that failed was counted already
};
// Of the value on top of the stack, which stays there. Pushes values above it.
ErrorParts read_error(lua_State* lua);

}  // namespace larder::scripting
