#include "errors.h"

#include "debugger.h"
#include "host.h"
#include "proxies.h"

namespace larder::scripting {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBreaks = "\r\n";
  const std::size_t first = text.find_first_not_of(kBreaks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBreaks) - first + 1);
}

// The string at the top, which stays.
std::string_view text_at_top(lua_State* lua) {
  std::size_t size = 0;
  const char* const text = lua_tolstring(lua, -1, &size);
  return text == nullptr ? std::string_view() : std::string_view(text, size);
}

// Pushes the field and returns it as a text; empty if it is something else.
std::string_view push_field(lua_State* lua, int table, const char* name) {
  lua_pushstring(lua, name);
  lua_rawget(lua, table);
  return lua_isstring(lua, -1) != 0 ? text_at_top(lua) : std::string_view();
}

// Where the function that raised the error is, or the one that called it if it is one of the
// server.
bool find_place(lua_State* lua, lua_Debug& place) {
  if (lua_getstack(lua, 1, &place) == 0) return false;
  lua_getinfo(lua, "S", &place);
  if (*place.what == 'C' && lua_getstack(lua, 2, &place) == 0) return false;
  return lua_getinfo(lua, "Sl", &place) != 0;
}

}  // namespace

void push_error(lua_State* lua, std::string_view text) {
  Debugger* const debugger = debugger_of(lua);
  if (debugger != nullptr && debugger->reports()) debugger->report_error(text);
  text = trimmed(text);
  const bool has_dash = !text.empty() && text.front() == '-';
  if (has_dash) text.remove_prefix(1);
  const bool has_code = has_dash && text.find(' ') != std::string_view::npos;
  lua_createtable(lua, 0, 2);
  lua_pushliteral(lua, "err");
  if (!has_code) lua_pushliteral(lua, "ERR ");
  lua_pushlstring(lua, text.data(), text.size());
  if (!has_code) lua_concat(lua, 2);
  lua_rawset(lua, -3);
}

bool push_own_error(lua_State* lua, int text) {
  std::size_t size = 0;
  const char* const bytes = lua_tolstring(lua, text, &size);
  const std::string_view view(bytes, size);
  if (view.empty() || view.front() == '-' || debugger_of(lua) != nullptr) return false;
  if (view.back() == '\r' || view.back() == '\n') return false;
  const bool has_code = view.find(' ') != std::string_view::npos;
  lua_createtable(lua, 0, 2);
  lua_pushliteral(lua, "err");
  if (!has_code) lua_pushliteral(lua, "ERR ");
  lua_pushvalue(lua, text);
  if (!has_code) lua_concat(lua, 2);
  lua_rawset(lua, -3);
  return true;
}

int raise_error(lua_State* lua, std::string_view text) {
  push_error(lua, text);
  return lua_error(lua);
}

int handle_error(lua_State* lua) {
  if (lua_type(lua, 1) != LUA_TTABLE || is_proxy(lua, 1)) {
    if (lua_isstring(lua, 1) != 0) {
      lua_pushvalue(lua, 1);
    } else {
      lua_pushstring(lua, luaL_typename(lua, 1));
    }
    lua_createtable(lua, 0, 3);
    lua_pushliteral(lua, "err");
    lua_pushliteral(lua, "ERR ");
    lua_pushvalue(lua, -4);
    lua_concat(lua, 2);
    lua_rawset(lua, -3);
  } else {
    lua_pushvalue(lua, 1);
  }
  lua_Debug place;
  if (!find_place(lua, place)) return 1;
  lua_pushliteral(lua, "source");
  lua_pushstring(lua, place.source);
  lua_rawset(lua, -3);
  lua_pushliteral(lua, "line");
  lua_pushinteger(lua, place.currentline);
  lua_rawset(lua, -3);
  return 1;
}

ErrorParts read_error(lua_State* lua) {
  if (lua_type(lua, -1) != LUA_TTABLE) return {.text = "ERR unknown error"};
  const int table = lua_gettop(lua);
  ErrorParts parts;
  parts.text = push_field(lua, table, "err");
  if (parts.text.empty()) parts.text = "ERR unknown error";
  parts.source = push_field(lua, table, "source");
  parts.line = push_field(lua, table, "line");
  lua_pushliteral(lua, "ignore_error_stats_update");
  lua_rawget(lua, table);
  parts.was_counted = lua_toboolean(lua, -1) != 0;
  return parts;
}

}  // namespace larder::scripting
