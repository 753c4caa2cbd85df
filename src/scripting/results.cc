// Values of Lua as replies.

#include <array>
#include <cstdint>
#include <limits>
#include <string>

#include "errors.h"
#include "replies.h"

namespace larder::scripting {
namespace {

class ResultWriter {
 public:
  ResultWriter(lua_State* lua, resp::Writer& reply, resp::Protocol script)
      : lua_(lua), reply_(reply), script_(script) {}

  // The value at the top, which it removes.
  void write();
  bool has_new_error() const { return has_new_error_; }

 private:
  void write_boolean();
  void write_number();
  void write_table();
  bool write_special();
  void write_error();
  void write_status();
  void write_pairs(bool is_map);
  bool write_verbatim();
  void write_array();
  // Pushes the field of the table at the top; true if it is of that type. Otherwise pushes nothing.
  bool push_field(const char* name, int type);
  std::string_view text() const;

  lua_State* lua_;
  resp::Writer& reply_;
  resp::Protocol script_;
  bool has_new_error_ = false;
};

// Numbers that no integer can hold become the least one, as the processor converts them.
std::int64_t truncated(lua_Number number) {
  constexpr lua_Number kEnd = 9223372036854775808.0;
  if (number >= -kEnd && number < kEnd) return static_cast<std::int64_t>(number);
  return std::numeric_limits<std::int64_t>::min();
}

std::string without_breaks(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (c == '\r' || c == '\n') c = ' ';
  }
  return line;
}

std::string_view ResultWriter::text() const {
  std::size_t size = 0;
  const char* const bytes = lua_tolstring(lua_, -1, &size);
  return {bytes, size};
}

bool ResultWriter::push_field(const char* name, int type) {
  lua_pushstring(lua_, name);
  lua_rawget(lua_, -2);
  if (lua_type(lua_, -1) == type) return true;
  lua_pop(lua_, 1);
  return false;
}

void ResultWriter::write() {
  if (lua_checkstack(lua_, 6) == 0) {
    reply_.error("ERR reached lua stack limit");
    has_new_error_ = true;
    return lua_pop(lua_, 1);
  }
  switch (lua_type(lua_, -1)) {
    case LUA_TSTRING:
      reply_.bulk(text());
      break;
    case LUA_TBOOLEAN:
      write_boolean();
      break;
    case LUA_TNUMBER:
      write_number();
      break;
    case LUA_TTABLE:
      write_table();
      break;
    default:
      reply_.null();
  }
  lua_pop(lua_, 1);
}

void ResultWriter::write_boolean() {
  const bool value = lua_toboolean(lua_, -1) != 0;
  if (script_ == resp::Protocol::resp3) return reply_.boolean(value);
  value ? reply_.integer(1) : reply_.null();
}

void ResultWriter::write_number() { reply_.integer(truncated(lua_tonumber(lua_, -1))); }

void ResultWriter::write_table() {
  if (!write_special()) write_array();
}

void ResultWriter::write_error() {
  const int top = lua_gettop(lua_);
  const ErrorParts error = read_error(lua_);
  reply_.error(error.text);
  has_new_error_ = has_new_error_ || !error.was_counted;
  lua_settop(lua_, top);
}

// As in Redis the text ends at a zero byte.
void ResultWriter::write_status() { reply_.simple(without_breaks(text().data())); }

// A table that stands for a reply of another kind, by the field that it has.
bool ResultWriter::write_special() {
  if (push_field("err", LUA_TSTRING)) {
    lua_pop(lua_, 1);
    write_error();
    return true;
  }
  if (push_field("ok", LUA_TSTRING)) {
    write_status();
  } else if (push_field("double", LUA_TNUMBER)) {
    reply_.real(lua_tonumber(lua_, -1));
  } else if (push_field("map", LUA_TTABLE)) {
    write_pairs(true);
  } else if (push_field("set", LUA_TTABLE)) {
    write_pairs(false);
  } else if (push_field("big_number", LUA_TSTRING)) {
    reply_.big_number(without_breaks(text()));
  } else if (push_field("verbatim_string", LUA_TTABLE)) {
    const bool written = write_verbatim();
    lua_pop(lua_, 1);
    return written;
  } else {
    return false;
  }
  lua_pop(lua_, 1);
  return true;
}

// The keys are copied, because reading a number as a text changes it.
void ResultWriter::write_pairs(bool is_map) {
  std::uint64_t pairs = 0;
  for (lua_pushnil(lua_); lua_next(lua_, -2) != 0; lua_pop(lua_, 1)) ++pairs;
  is_map ? reply_.map(pairs) : reply_.set(pairs);
  for (lua_pushnil(lua_); lua_next(lua_, -2) != 0;) {
    if (is_map) {
      lua_pushvalue(lua_, -2);
      write();
      write();
    } else {
      lua_pop(lua_, 1);
      lua_pushvalue(lua_, -1);
      write();
    }
  }
}

bool ResultWriter::write_verbatim() {
  constexpr std::size_t kFormat = 3;
  if (!push_field("string", LUA_TSTRING)) return false;
  const std::string_view string = text();
  lua_pushliteral(lua_, "format");
  lua_rawget(lua_, -3);
  const bool has_format = lua_type(lua_, -1) == LUA_TSTRING;
  if (has_format) {
    std::array<char, kFormat> format{' ', ' ', ' '};
    text().copy(format.data(), kFormat);
    reply_.verbatim({format.data(), kFormat}, string);
  }
  lua_pop(lua_, 2);
  return has_format;
}

// Up to the first element that does not exist.
void ResultWriter::write_array() {
  int size = 0;
  for (;; ++size) {
    lua_rawgeti(lua_, -1, size + 1);
    const bool ends = lua_isnil(lua_, -1);
    lua_pop(lua_, 1);
    if (ends) break;
  }
  reply_.array(static_cast<std::uint64_t>(size));
  for (int i = 1; i <= size && !reply_.drops(); ++i) {
    lua_rawgeti(lua_, -1, i);
    write();
  }
}

}  // namespace

bool write_reply(lua_State* lua, resp::Writer& reply, resp::Protocol script) {
  ResultWriter writer(lua, reply, script);
  writer.write();
  return writer.has_new_error();
}

}  // namespace larder::scripting
