// Replies of commands as values of Lua.

#include "replies.h"

#include <cstdint>
#include <cstdlib>

#include "errors.h"
#include "libraries/meter.h"

namespace larder::scripting {
namespace {

// One reply inside of complete bytes: no end has to be checked.
class Reader {
 public:
  Reader(lua_State* lua, const char* at) : lua_(lua), at_(at), meter_(lua) {}

  void push();

 private:
  std::string_view line();
  std::int64_t number();
  std::string_view bulk(std::int64_t size);
  // Room for one level more.
  void reserve() { luaL_checkstack(lua_, kLevel, "the reply is nested too deeply"); }
  // A table with one field.
  void push_field(const char* name, std::string_view text);
  void open(const char* name);
  void close() { lua_rawset(lua_, -3); }

  void push_text();
  void push_array();
  void push_map();
  void push_set();
  void push_double();
  void push_verbatim();
  void push_failure(std::string_view text);
  void skip_attribute();

  // What one level of nesting needs of the stack, and the level within it.
  static constexpr int kLevel = 16;

  lua_State* lua_;
  const char* at_;
  Meter meter_;
};

std::string_view Reader::line() {
  const char* const begin = at_;
  while (*at_ != '\r') ++at_;
  const std::string_view text(begin, static_cast<std::size_t>(at_ - begin));
  at_ += 2;
  return text;
}

// Without a check: the server has printed it.
std::int64_t Reader::number() {
  const bool is_negative = *at_ == '-';
  if (is_negative) ++at_;
  std::uint64_t value = 0;
  for (; *at_ != '\r'; ++at_) value = 10 * value + static_cast<std::uint64_t>(*at_ - '0');
  at_ += 2;
  return static_cast<std::int64_t>(is_negative ? 0 - value : value);
}

std::string_view Reader::bulk(std::int64_t size) {
  const std::string_view text(at_, static_cast<std::size_t>(size));
  at_ += size + 2;
  return text;
}

void Reader::open(const char* name) {
  lua_createtable(lua_, 0, 1);
  lua_pushstring(lua_, name);
}

void Reader::push_field(const char* name, std::string_view text) {
  open(name);
  lua_pushlstring(lua_, text.data(), text.size());
  close();
}

void Reader::push_text() {
  const std::int64_t size = number();
  if (size < 0) return lua_pushboolean(lua_, 0);
  const std::string_view text = bulk(size);
  lua_pushlstring(lua_, text.data(), text.size());
}

void Reader::push_array() {
  const std::int64_t size = number();
  if (size < 0) return lua_pushboolean(lua_, 0);
  reserve();
  lua_createtable(lua_, static_cast<int>(size), 0);
  for (int i = 1; i <= size; ++i) {
    meter_.charge(Meter::kElement);
    push();
    lua_rawseti(lua_, -2, i);
  }
}

void Reader::push_map() {
  const std::int64_t pairs = number();
  reserve();
  open("map");
  lua_createtable(lua_, 0, static_cast<int>(pairs));
  for (std::int64_t i = 0; i < pairs; ++i) {
    meter_.charge(Meter::kElement);
    push();
    push();
    lua_isnil(lua_, -2) ? lua_pop(lua_, 2) : lua_rawset(lua_, -3);
  }
  close();
}

void Reader::push_set() {
  const std::int64_t members = number();
  reserve();
  open("set");
  lua_createtable(lua_, 0, static_cast<int>(members));
  for (std::int64_t i = 0; i < members; ++i) {
    meter_.charge(Meter::kElement);
    push();
    lua_pushboolean(lua_, 1);
    lua_isnil(lua_, -2) ? lua_pop(lua_, 2) : lua_rawset(lua_, -3);
  }
  close();
}

// "inf" and "nan" are numbers for strtod too; the line ends with '\r', where it stops.
void Reader::push_double() {
  const double value = std::strtod(at_, nullptr);
  line();
  open("double");
  lua_pushnumber(lua_, value);
  close();
}

// The first four bytes are the format and a colon.
void Reader::push_verbatim() {
  constexpr std::size_t kFormat = 3;
  const std::string_view text = bulk(number());
  open("verbatim_string");
  lua_createtable(lua_, 0, 2);
  lua_pushliteral(lua_, "format");
  lua_pushlstring(lua_, text.data(), kFormat);
  lua_rawset(lua_, -3);
  lua_pushliteral(lua_, "string");
  lua_pushlstring(lua_, text.data() + kFormat + 1, text.size() - kFormat - 1);
  lua_rawset(lua_, -3);
  close();
}

// The command that failed was counted.
void Reader::push_failure(std::string_view text) {
  lua_createtable(lua_, 0, 4);
  lua_pushliteral(lua_, "err");
  lua_pushlstring(lua_, text.data(), text.size());
  lua_rawset(lua_, -3);
  lua_pushliteral(lua_, "ignore_error_stats_update");
  lua_pushboolean(lua_, 1);
  lua_rawset(lua_, -3);
}

void Reader::skip_attribute() {
  reserve();
  for (std::int64_t i = 2 * number(); i > 0; --i) {
    push();
    lua_pop(lua_, 1);
  }
}

void Reader::push() {
  switch (*at_++) {
    case '$':
      return push_text();
    case ':':
      return lua_pushnumber(lua_, static_cast<lua_Number>(number()));
    case '+':
      return push_field("ok", line());
    case '-':
      return push_failure(line());
    case '*':
    case '>':
      return push_array();
    case '%':
      return push_map();
    case '~':
      return push_set();
    case ',':
      return push_double();
    case '(':
      return push_field("big_number", line());
    case '=':
      return push_verbatim();
    case '#':
      return lua_pushboolean(lua_, line() == "t" ? 1 : 0);
    case '!':
      return push_failure(bulk(number()));
    case '|':
      skip_attribute();
      return push();
    default:
      line();
      return lua_pushnil(lua_);
  }
}

}  // namespace

void push_reply(lua_State* lua, std::string_view reply) { Reader(lua, reply.data()).push(); }

}  // namespace larder::scripting
