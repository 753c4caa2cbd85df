// string.find, match, gmatch and gsub, as in Lua 5.1. Unlike those of the interpreter a call of
// them can be ended by the state's check, however long it takes, and they do not recurse.

#include <cctype>
#include <cstring>

#include "libraries.h"
#include "pattern.h"

namespace larder::scripting {
namespace {

constexpr const char* kSpecials = "^$*+?.([%-";
// A plain search looks at the interrupt after each piece of this size.
constexpr std::size_t kPiece = std::size_t{64} * 1024;

std::string_view text_at(lua_State* lua, int index) {
  std::size_t size = 0;
  const char* const text = luaL_checklstring(lua, index, &size);
  return {text, size};
}

// The offset at which the search begins.
std::size_t first_offset(lua_State* lua, std::size_t size) {
  const auto length = static_cast<std::ptrdiff_t>(size);
  std::ptrdiff_t first = luaL_optinteger(lua, 3, 1);
  if (first < 0) first += length + 1;
  if (first < 1) return 0;
  return static_cast<std::size_t>(first - 1 > length ? length : first - 1);
}

const char* find_plain(lua_State* lua, std::string_view text, std::string_view wanted) {
  Meter meter(lua);
  if (wanted.empty()) return text.data();
  while (text.size() >= wanted.size()) {
    const std::size_t looked =
        text.size() - wanted.size() < kPiece ? text.size() : kPiece + wanted.size() - 1;
    const void* const found = ::memmem(text.data(), looked, wanted.data(), wanted.size());
    if (found != nullptr) return static_cast<const char*>(found);
    text.remove_prefix(looked - wanted.size() + 1);
    meter.charge(looked);
  }
  return nullptr;
}

int push_place(lua_State* lua, std::string_view text, const char* begin, const char* end) {
  lua_pushinteger(lua, begin - text.data() + 1);
  lua_pushinteger(lua, end - text.data());
  return 2;
}

enum class Results : std::uint8_t { place, captures };

int search(lua_State* lua, Results wanted) {
  const std::string_view text = text_at(lua, 1);
  const std::string_view pattern = text_at(lua, 2);
  const std::size_t first = first_offset(lua, text.size());
  const char* begin = text.data() + first;
  const bool is_plain =
      wanted == Results::place &&
      (lua_toboolean(lua, 4) != 0 || std::strpbrk(pattern.data(), kSpecials) == nullptr);
  if (is_plain) {
    begin = find_plain(lua, text.substr(first), pattern);
    if (begin != nullptr) return push_place(lua, text, begin, begin + pattern.size());
  } else {
    const bool is_anchored = pattern.data()[0] == '^';
    PatternMatch matcher(lua, text, pattern.data() + (is_anchored ? 1 : 0));
    for (; begin <= text.data() + text.size(); ++begin) {
      const char* const end = matcher.match(begin);
      if (end != nullptr) {
        if (wanted == Results::captures) return matcher.push_captures(begin, end);
        const int count = push_place(lua, text, begin, end);
        return count + matcher.push_captures(nullptr, nullptr);
      }
      if (is_anchored) break;
    }
  }
  lua_pushnil(lua);
  return 1;
}

int find(lua_State* lua) { return search(lua, Results::place); }
int match(lua_State* lua) { return search(lua, Results::captures); }

// The iterator of gmatch: its upvalues are the text, the pattern, and the offset to go on from.
int match_next(lua_State* lua) {
  std::size_t size = 0;
  const char* const text = lua_tolstring(lua, lua_upvalueindex(1), &size);
  PatternMatch matcher(lua, {text, size}, lua_tostring(lua, lua_upvalueindex(2)));
  const char* begin = text + lua_tointeger(lua, lua_upvalueindex(3));
  for (; begin <= text + size; ++begin) {
    const char* const end = matcher.match(begin);
    if (end == nullptr) continue;
    lua_pushinteger(lua, end - text + (end == begin ? 1 : 0));
    lua_replace(lua, lua_upvalueindex(3));
    return matcher.push_captures(begin, end);
  }
  return 0;
}

int match_all(lua_State* lua) {
  text_at(lua, 1);
  text_at(lua, 2);
  lua_settop(lua, 2);
  lua_pushinteger(lua, 0);
  lua_pushcclosure(lua, match_next, 3);
  return 1;
}

// The replacement is a text: "%0" stands for the match, "%1" to "%9" for captures.
void add_text(lua_State* lua, PatternMatch& matcher, luaL_Buffer& out, const char* begin,
              const char* end) {
  std::size_t size = 0;
  const char* const text = lua_tolstring(lua, 3, &size);
  for (std::size_t i = 0; i < size; ++i) {
    if (text[i] != '%') {
      luaL_addchar(&out, text[i]);
      continue;
    }
    ++i;
    if (std::isdigit(static_cast<unsigned char>(text[i])) == 0) {
      luaL_addchar(&out, text[i]);
    } else if (text[i] == '0') {
      luaL_addlstring(&out, begin, static_cast<std::size_t>(end - begin));
    } else {
      matcher.push_capture(text[i] - '1', begin, end);
      luaL_addvalue(&out);
    }
  }
  matcher.meter().charge(size);
}

// What a table or a function gives for the match; the match itself if that is nothing.
void add_value(lua_State* lua, PatternMatch& matcher, luaL_Buffer& out, const char* begin,
               const char* end) {
  if (lua_type(lua, 3) == LUA_TTABLE) {
    matcher.push_capture(0, begin, end);
    lua_gettable(lua, 3);
  } else {
    lua_pushvalue(lua, 3);
    const int count = matcher.push_captures(begin, end);
    lua_call(lua, count, 1);
  }
  if (lua_toboolean(lua, -1) == 0) {
    lua_pop(lua, 1);
    lua_pushlstring(lua, begin, static_cast<std::size_t>(end - begin));
  } else if (lua_isstring(lua, -1) == 0) {
    luaL_error(lua, "invalid replacement value (a %s)", luaL_typename(lua, -1));
  }
  luaL_addvalue(&out);
}

int replace(lua_State* lua) {
  const std::string_view text = text_at(lua, 1);
  const char* const pattern = text_at(lua, 2).data();
  const int type = lua_type(lua, 3);
  const int most = luaL_optint(lua, 4, static_cast<int>(text.size() + 1));
  const bool is_anchored = pattern[0] == '^';
  const bool is_text = type == LUA_TNUMBER || type == LUA_TSTRING;
  luaL_argcheck(lua, is_text || type == LUA_TFUNCTION || type == LUA_TTABLE, 3,
                "string/function/table expected");
  PatternMatch matcher(lua, text, pattern + (is_anchored ? 1 : 0));
  luaL_Buffer out;
  luaL_buffinit(lua, &out);
  const char* at = text.data();
  const char* const text_end = at + text.size();
  int count = 0;
  while (count < most) {
    const char* const end = matcher.match(at);
    if (end != nullptr) {
      ++count;
      is_text ? add_text(lua, matcher, out, at, end) : add_value(lua, matcher, out, at, end);
    }
    if (end != nullptr && end > at) {
      at = end;
    } else if (at < text_end) {
      luaL_addchar(&out, *at++);
    } else {
      break;
    }
    if (is_anchored) break;
  }
  luaL_addlstring(&out, at, static_cast<std::size_t>(text_end - at));
  luaL_pushresult(&out);
  lua_pushinteger(lua, count);
  return 2;
}

constexpr luaL_Reg kFunctions[] = {{"find", find},
                                   {"match", match},
                                   {"gmatch", match_all},
                                   {"gfind", match_all},
                                   {"gsub", replace}};

}  // namespace

void add_search_functions(lua_State* lua) {
  for (const luaL_Reg& function : kFunctions) {
    lua_pushcfunction(lua, function.func);
    lua_setfield(lua, -2, function.name);
  }
}

}  // namespace larder::scripting
