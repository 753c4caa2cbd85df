#pragma once

// Strings in JSON texts.

#include <lua.hpp>
#include <string_view>

#include "meter.h"

namespace larder::scripting {

struct JsonText {
  const char* end;    // the closing quote, or the place of the error
  const char* error;  // null if there is none
  bool has_escapes;
};

// Looks for the end of the string that begins at `at`, behind the opening quote, and checks its
// escapes. A zero byte must stand at `end`; one before it ends the text as well.
JsonText find_json_text(const char* at, const char* end, Meter& meter);

// Pushes the string whose characters between the quotes are `text`; find_json_text() accepted them.
[[gnu::noinline]] void push_unescaped(lua_State* lua, std::string_view text);

}  // namespace larder::scripting
