#include "debug_text.h"

#include <cstdint>

#include "larder/base/format.h"
#include "larder/base/numbers.h"
#include "larder/base/text.h"
#include "proxies.h"

namespace larder::scripting {
namespace {

// Tables within tables that are shown, as in Redis.
constexpr int kMostShownDepth = 10;
// What a level of nesting needs of the stack.
constexpr int kStackForLevel = 8;

// A long text is escaped only as far as it is shown.
void append_quoted(std::string& text, std::string_view part, std::size_t most) {
  const std::size_t left = most > text.size() ? most - text.size() : 0;
  text += base::quoted(part.substr(0, left + 1));
}

class ValuePrinter {
 public:
  ValuePrinter(std::string& text, lua_State* lua, std::size_t most)
      : text_(text), lua_(lua), most_(most) {}

  // The value at the top, which stays.
  void print(int depth);

 private:
  bool is_full() const { return text_.size() > most_; }
  void print_address(const char* type);
  void print_table(int depth);
  bool is_list() const;

  std::string& text_;
  lua_State* lua_;
  const std::size_t most_;
};

void ValuePrinter::print_address(const char* type) {
  base::append_print(text_, "\"%s@%p\"", type, lua_topointer(lua_, -1));
}

// Whether a walk finds the keys 1, 2, 3 and so on.
bool ValuePrinter::is_list() const {
  lua_Number expected = 1;
  for (lua_pushnil(lua_); lua_next(lua_, -2) != 0; lua_pop(lua_, 1), ++expected) {
    if (lua_type(lua_, -2) == LUA_TNUMBER && lua_tonumber(lua_, -2) == expected) continue;
    lua_pop(lua_, 2);
    return false;
  }
  return true;
}

// The table of a proxy is shown in its place.
void ValuePrinter::print_table(int depth) {
  push_real(lua_, lua_gettop(lua_));
  const bool shows_keys = !is_list();
  text_ += '{';
  const char* separator = "";
  for (lua_pushnil(lua_); lua_next(lua_, -2) != 0; separator = "; ") {
    if (is_full()) {
      lua_pop(lua_, 2);
      break;
    }
    text_ += separator;
    if (shows_keys) {
      lua_pushvalue(lua_, -2);
      text_ += '[';
      print(depth);
      text_ += "]=";
      lua_pop(lua_, 1);
    }
    print(depth);
    lua_pop(lua_, 1);
  }
  text_ += '}';
  lua_pop(lua_, 1);
}

void ValuePrinter::print(int depth) {
  if (depth == kMostShownDepth || lua_checkstack(lua_, kStackForLevel) == 0) {
    text_ += "<max recursion level reached! Nested table?>";
    return;
  }
  switch (lua_type(lua_, -1)) {
    case LUA_TSTRING: {
      std::size_t size = 0;
      const char* const bytes = lua_tolstring(lua_, -1, &size);
      return append_quoted(text_, {bytes, size}, most_);
    }
    case LUA_TBOOLEAN:
      text_ += lua_toboolean(lua_, -1) != 0 ? "true" : "false";
      return;
    case LUA_TNUMBER:
      return base::append_print(text_, "%g", lua_tonumber(lua_, -1));
    case LUA_TNIL:
      text_ += "nil";
      return;
    case LUA_TTABLE:
      return print_table(depth + 1);
    case LUA_TFUNCTION:
      return print_address("function");
    case LUA_TTHREAD:
      return print_address("thread");
    default:
      return print_address("userdata");
  }
}

// One reply inside of complete bytes.
class ReplyPrinter {
 public:
  ReplyPrinter(std::string& text, std::string_view rest, std::size_t most)
      : text_(text), rest_(rest), most_(most) {}

  void print();

 private:
  // The rest of the present line, without its end.
  std::string_view line();
  std::int64_t number() { return base::parse_int64(line()).value_or(-1); }
  void print_bulk();
  void print_items(std::int64_t count, std::string_view open, std::string_view close);
  void print_pairs(std::int64_t count);

  std::string& text_;
  std::string_view rest_;
  const std::size_t most_;
};

std::string_view ReplyPrinter::line() {
  const std::size_t end = rest_.find('\r');
  const std::string_view found = rest_.substr(0, end);
  rest_.remove_prefix(end + 2);
  return found;
}

void ReplyPrinter::print_bulk() {
  const std::int64_t size = number();
  if (size < 0) {
    text_ += "NULL";
    return;
  }
  append_quoted(text_, rest_.substr(0, static_cast<std::size_t>(size)), most_);
  rest_.remove_prefix(static_cast<std::size_t>(size) + 2);
}

void ReplyPrinter::print_items(std::int64_t count, std::string_view open, std::string_view close) {
  if (count < 0) {
    text_ += "NULL";
    return;
  }
  text_ += open;
  for (std::int64_t i = 0; i < count && text_.size() <= most_; ++i) {
    if (i > 0) text_ += ',';
    print();
  }
  text_ += close;
}

void ReplyPrinter::print_pairs(std::int64_t count) {
  text_ += '{';
  for (std::int64_t i = 0; i < count && text_.size() <= most_; ++i) {
    if (i > 0) text_ += ',';
    print();
    text_ += " => ";
    print();
  }
  text_ += '}';
}

void ReplyPrinter::print() {
  if (text_.size() > most_) return;
  const std::string_view whole = rest_;
  const char type = rest_.front();
  rest_.remove_prefix(1);
  switch (type) {
    case ':':
      text_ += line();
      return;
    case '$':
    case '=':
      return print_bulk();
    case '*':
    case '>':
      return print_items(number(), "[", "]");
    case '~':
      return print_items(number(), "~(", ")");
    case '%':
      return print_pairs(number());
    case '_':
      line();
      text_ += "(null)";
      return;
    case '#':
      text_ += line() == "t" ? "#true" : "#false";
      return;
    case ',':
      text_ += "(double) ";
      text_ += line();
      return;
    default:  // a status or an error, with its first letter
      return append_quoted(text_, whole.substr(0, line().size() + 1), most_);
  }
}

}  // namespace

void show_value(std::string& text, lua_State* lua, int index, std::size_t most) {
  lua_pushvalue(lua, index);
  ValuePrinter(text, lua, most).print(0);
  lua_pop(lua, 1);
}

void show_reply(std::string& text, std::string_view reply, std::size_t most) {
  ReplyPrinter(text, reply, most).print();
}

}  // namespace larder::scripting
