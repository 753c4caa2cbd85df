// cjson.decode. The text is read token by token, once. A zero byte is the end of the text.

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <system_error>

#include "array.h"
#include "cjson.h"
#include "json_text.h"
#include "meter.h"

namespace larder::scripting {
namespace {

enum class Token : std::uint8_t {
  object_begin,
  object_end,
  array_begin,
  array_end,
  text,
  number,
  boolean,
  null,
  colon,
  comma,
  end,
  error,
};

// The names in error texts.
constexpr const char* kTokenNames[] = {"T_OBJ_BEGIN", "T_OBJ_END", "T_ARR_BEGIN", "T_ARR_END",
                                       "T_STRING",    "T_NUMBER",  "T_BOOLEAN",   "T_NULL",
                                       "T_COLON",     "T_COMMA",   "T_END"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool begins_with(const char* text, std::string_view word) {
  return std::strncmp(text, word.data(), word.size()) == 0;
}

// In any letter case, for small letters in `word`.
bool begins_with_letters(const char* text, std::string_view word) {
  for (const char letter : word) {
    if ((*text++ | 0x20) != letter) return false;
  }
  return true;
}

// Numbers that strtod accepts and JSON does not have: +1, 0x1, 01, inf, nan.
bool is_invalid_number(const char* text) {
  if (*text == '+') return true;
  if (*text == '-') ++text;
  if (*text == '0') return (text[1] | 0x20) == 'x' || is_digit(text[1]);
  return begins_with_letters(text, "inf") || begins_with_letters(text, "nan");
}

// As strtod reads it: the end of the number, or `text` if it is none.
const char* read_number(const char* text, const char* end, double& value) {
  constexpr int kExactDigits = 15;
  const char* at = *text == '-' ? text + 1 : text;
  const bool is_decimal = is_digit(*at) && (*at != '0' || (at[1] | 0x20) != 'x');
  if (is_decimal) {
    const char* const digits = at;
    std::int64_t integer = 0;
    while (is_digit(*at) && at - digits < kExactDigits) integer = integer * 10 + (*at++ - '0');
    if (*at != '.' && (*at | 0x20) != 'e' && !is_digit(*at)) {
      value = static_cast<double>(integer);
      if (*text == '-') value = -value;
      return at;
    }
    const auto result = std::from_chars(text, end, value);
    if (result.ec == std::errc()) return result.ptr;
  }
  char* after = nullptr;
  value = std::strtod(text, &after);
  return after;
}

class Decoder {
 public:
  Decoder(lua_State* lua, std::string_view text)
      : lua_(lua),
        settings_(json_settings(lua)),
        text_(text),
        at_(text.data()),
        end_(at_ + text.size()),
        meter_(lua) {}

  // Pushes the value of the whole text.
  void decode() {
    next();
    value();
    next();
    if (token_ != Token::end) fail("the end");
  }

 private:
  // Reads the next token: sets token_, start_ and what belongs to the kind of token.
  void next() {
    const char* const before = at_;
    while (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r') ++at_;
    start_ = at_;
    switch (*at_) {
      case '{':
        single(Token::object_begin);
        break;
      case '}':
        single(Token::object_end);
        break;
      case '[':
        single(Token::array_begin);
        break;
      case ']':
        single(Token::array_end);
        break;
      case ':':
        single(Token::colon);
        break;
      case ',':
        single(Token::comma);
        break;
      case '\0':
        token_ = Token::end;
        break;
      case '"':
        text();
        break;
      case '-':
      case '0':
      case '1':
      case '2':
      case '3':
      case '4':
      case '5':
      case '6':
      case '7':
      case '8':
      case '9':
        if (settings_.decode_invalid_numbers == 0 && is_invalid_number(at_)) {
          error("invalid number", at_);
        } else {
          number();
        }
        break;
      default:
        word();
    }
    meter_.charge(static_cast<std::size_t>(at_ - before));
  }

  void single(Token token) {
    token_ = token;
    ++at_;
  }

  void error(const char* what, const char* where) {
    token_ = Token::error;
    error_ = what;
    start_ = where;
  }

  void number() {
    at_ = read_number(start_, end_, number_);
    if (at_ == start_) return error("invalid number", start_);
    token_ = Token::number;
  }

  void word() {
    if (begins_with(at_, "true")) return boolean(true, 4);
    if (begins_with(at_, "false")) return boolean(false, 5);
    if (begins_with(at_, "null")) {
      token_ = Token::null;
      at_ += 4;
    } else if (settings_.decode_invalid_numbers != 0 && is_invalid_number(at_)) {
      number();
    } else {
      error("invalid token", at_);
    }
  }

  void boolean(bool value, int length) {
    token_ = Token::boolean;
    boolean_ = value;
    at_ += length;
  }

  void text() {
    const JsonText text = find_json_text(start_ + 1, end_, meter_);
    if (text.error != nullptr) return error(text.error, text.end);
    token_ = Token::text;
    has_escapes_ = text.has_escapes;
    at_ = text.end + 1;
  }

  // Pushes the value that begins with the current token.
  void value() {
    switch (token_) {
      case Token::text:
        return push_text();
      case Token::number:
        return lua_pushnumber(lua_, number_);
      case Token::boolean:
        return lua_pushboolean(lua_, boolean_ ? 1 : 0);
      case Token::null:
        return lua_pushlightuserdata(lua_, nullptr);
      case Token::object_begin:
        return object();
      case Token::array_begin:
        return array();
      default:
        fail("value");
    }
  }

  void push_text() {
    const char* const first = start_ + 1;
    const std::string_view inside(first, static_cast<std::size_t>(at_ - 1 - first));
    if (has_escapes_) return push_unescaped(lua_, inside);
    lua_pushlstring(lua_, inside.data(), inside.size());
  }

  void object() {
    descend(3);
    lua_newtable(lua_);
    next();
    while (token_ != Token::object_end) {
      if (token_ != Token::text) fail("object key string");
      push_text();
      next();
      if (token_ != Token::colon) fail("colon");
      next();
      value();
      lua_rawset(lua_, -3);
      if (is_last(Token::object_end, "comma or object end", "object key string")) break;
    }
    --depth_;
  }

  void array() {
    descend(2);
    next();
    const bool has_room = lua_checkstack(lua_, kMostCollected + 1) != 0;
    bool is_complete = token_ == Token::array_end;
    int count = 0;
    while (!is_complete && has_room && count < kMostCollected && is_scalar()) {
      value();
      ++count;
      is_complete = is_last(Token::array_end, "comma or array end", "value");
    }
    collect_array(lua_, count);
    while (!is_complete) {
      value();
      lua_rawseti(lua_, -2, ++count);
      is_complete = is_last(Token::array_end, "comma or array end", "value");
    }
    --depth_;
  }

  bool is_scalar() const { return token_ != Token::object_begin && token_ != Token::array_begin; }

  // Reads what follows an element: `end`, or a comma and something else than `end`.
  bool is_last(Token end, const char* expected, const char* expected_next) {
    next();
    if (token_ == end) return true;
    if (token_ != Token::comma) fail(expected);
    next();
    if (token_ == end) fail(expected_next);
    return false;
  }

  void descend(int places) {
    ++depth_;
    if (depth_ <= settings_.decode_max_depth && lua_checkstack(lua_, places) != 0) return;
    luaL_error(lua_, "Found too many nested data structures (%d) at character %d", depth_,
               static_cast<int>(at_ - text_.data()));
  }

  void fail(const char* expected) {
    const char* const found =
        token_ == Token::error ? error_ : kTokenNames[static_cast<std::size_t>(token_)];
    luaL_error(lua_, "Expected %s but found %s at character %d", expected, found,
               static_cast<int>(start_ - text_.data() + 1));
  }

  lua_State* lua_;
  const JsonSettings& settings_;
  std::string_view text_;
  const char* at_;
  const char* end_;
  Meter meter_;
  int depth_ = 0;

  Token token_ = Token::end;
  bool boolean_ = false;
  bool has_escapes_ = false;
  double number_ = 0;
  const char* start_ = nullptr;  // of the token, or the place of the error
  const char* error_ = nullptr;
};

}  // namespace

int decode_json(lua_State* lua) {
  luaL_argcheck(lua, lua_gettop(lua) == 1, 1, "expected 1 argument");
  std::size_t size = 0;
  const char* text = luaL_checklstring(lua, 1, &size);
  if (size >= 2 && (text[0] == '\0' || text[1] == '\0')) {
    return luaL_error(lua, "JSON parser does not support UTF-16 or UTF-32");
  }
  Decoder(lua, {text, size}).decode();
  return 1;
}

}  // namespace larder::scripting
