// string.upper, lower and reverse. Unlike those of Lua a call with a long text can be ended.

#include <algorithm>
#include <string_view>

#include "libraries/meter.h"
#include "sandbox.h"

namespace larder::scripting {
namespace {

// Texts up to this size need no memory but that of the result.
constexpr std::size_t kShortText = 512;
constexpr std::size_t kPieceOfText = Meter::kBytesBetweenChecks;

char to_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Writes the piece of the text that begins there: at the same place, or at the mirrored one.
using Convert = void (*)(std::string_view text, std::size_t begin, std::size_t size, char* out);

template <char Letter(char)>
void convert_letters(std::string_view text, std::size_t begin, std::size_t size, char* out) {
  const char* const from = text.data() + begin;
  std::transform(from, from + size, out + begin, Letter);
}

void convert_order(std::string_view text, std::size_t begin, std::size_t size, char* out) {
  const char* const from = text.data() + begin;
  std::reverse_copy(from, from + size, out + text.size() - begin - size);
}

template <Convert Change>
int convert_text(lua_State* lua) {
  std::size_t size = 0;
  const char* const bytes = luaL_checklstring(lua, 1, &size);
  const std::string_view text(bytes, size);
  char few[kShortText];
  if (size <= kShortText) {
    Change(text, 0, size, few);
    lua_pushlstring(lua, few, size);
    return 1;
  }
  char* const room = static_cast<char*>(lua_newuserdata(lua, size));
  Meter meter(lua);
  for (std::size_t done = 0; done < size;) {
    const std::size_t more = std::min(kPieceOfText, size - done);
    Change(text, done, more, room);
    meter.charge(more);
    done += more;
  }
  lua_pushlstring(lua, room, size);
  return 1;
}

constexpr luaL_Reg kTextFunctions[] = {{"upper", convert_text<convert_letters<to_upper>>},
                                       {"lower", convert_text<convert_letters<to_lower>>},
                                       {"reverse", convert_text<convert_order>}};

}  // namespace

void add_text_functions(lua_State* lua) {
  for (const luaL_Reg& function : kTextFunctions) {
    lua_pushcfunction(lua, function.func);
    lua_setfield(lua, -2, function.name);
  }
}

}  // namespace larder::scripting
