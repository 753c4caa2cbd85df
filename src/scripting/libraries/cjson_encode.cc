// cjson.encode. Strings are passed on without a look at their encoding. Objects come in the order
// of lua_next.

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "byte_buffer.h"
#include "cjson.h"
#include "conversions.h"
#include "meter.h"

namespace larder::scripting {
namespace {

constexpr std::size_t kMostNumberChars = 32;
constexpr std::size_t kMostEscapeChars = 6;

// For each byte: 0 if it stands for itself, 'u' for \u00xx, else the letter after a backslash.
constexpr auto kEscapes = [] {
  std::array<char, 256> escapes{};
  std::fill_n(escapes.begin(), 0x20, 'u');
  escapes[0x7f] = 'u';
  for (const char byte : {'"', '\\', '/'}) escapes[static_cast<unsigned char>(byte)] = byte;
  escapes['\b'] = 'b';
  escapes['\t'] = 't';
  escapes['\n'] = 'n';
  escapes['\f'] = 'f';
  escapes['\r'] = 'r';
  return escapes;
}();

constexpr auto kPowersOfTen = [] {
  std::array<double, 15> powers{};
  double power = 1;
  for (double& entry : powers) {
    entry = power;
    power *= 10;
  }
  return powers;
}();

// As printf with "%.<precision>g". Returns the end.
char* print(double value, int precision, char* out) {
  char* const end = out + kMostNumberChars;
  const auto integer = to_int64(value);
  const bool is_short = std::abs(value) < kPowersOfTen[static_cast<std::size_t>(precision)];
  if (is_short && static_cast<double>(integer) == value && (integer != 0 || !std::signbit(value))) {
    return std::to_chars(out, end, integer).ptr;
  }
  return std::to_chars(out, end, value, std::chars_format::general, precision).ptr;
}

class Encoder {
 public:
  explicit Encoder(lua_State* lua)
      : lua_(lua), settings_(json_settings(lua)), out_(lua, kJsonShelf), meter_(lua) {}

  // Encodes the value on top of the stack and leaves it there. `depth`: tables around it.
  void value(int depth) {
    meter_.charge(Meter::kElement);
    switch (lua_type(lua_, -1)) {
      case LUA_TSTRING:
        return text(-1);
      case LUA_TNUMBER:
        return number(-1);
      case LUA_TBOOLEAN:
        return out_.append(lua_toboolean(lua_, -1) != 0 ? "true" : "false");
      case LUA_TNIL:
        return out_.append("null");
      case LUA_TTABLE:
        return table(depth + 1);
      case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(lua_, -1) == nullptr) return out_.append("null");
        [[fallthrough]];
      default:
        fail(-1, "type not supported");
    }
  }

  void finish() {
    out_.push_string();
    if (settings_.keep_buffer != 0) out_.keep(kJsonShelf);
  }

 private:
  void fail(int index, const char* reason) {
    luaL_error(lua_, "Cannot serialise %s: %s", luaL_typename(lua_, index), reason);
  }

  void text(int index) {
    std::size_t size = 0;
    const char* at = lua_tolstring(lua_, index, &size);
    const char* const end = at + size;
    out_.append('"');
    while (at != end) {
      const char* const plain = at;
      const auto left = static_cast<std::size_t>(end - at);
      const char* const stop = at + std::min(left, Meter::kBytesBetweenChecks);
      while (at != stop && kEscapes[static_cast<unsigned char>(*at)] == 0) ++at;
      const auto length = static_cast<std::size_t>(at - plain);
      out_.append({plain, length});
      meter_.charge(length);
      if (at != stop) escape(*at++);
    }
    out_.append('"');
  }

  void escape(char byte) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto code = static_cast<unsigned char>(byte);
    char* out = out_.reserve(kMostEscapeChars);
    out[0] = '\\';
    out[1] = kEscapes[code];
    if (out[1] != 'u') return out_.commit(2);
    out[2] = out[3] = '0';
    out[4] = kDigits[code >> 4];
    out[5] = kDigits[code & 15];
    out_.commit(kMostEscapeChars);
  }

  void number(int index) {
    const double value = lua_tonumber(lua_, index);
    if (!std::isfinite(value)) {
      if (settings_.encode_invalid_numbers == JsonSettings::kRefuse) {
        return fail(index, "must not be NaN or Inf");
      }
      if (settings_.encode_invalid_numbers == JsonSettings::kAsNull) return out_.append("null");
      if (std::isnan(value)) return out_.append("nan");
    }
    char* out = out_.reserve(kMostNumberChars);
    out_.commit(static_cast<std::size_t>(print(value, settings_.number_precision, out) - out));
  }

  void table(int depth) {
    // Places for a key, a value, larger bytes and an error.
    if (depth > settings_.encode_max_depth || lua_checkstack(lua_, 4) == 0) {
      luaL_error(lua_, "Cannot serialise, excessive nesting (%d)", depth);
    }
    const int length = array_length();
    if (length > 0) return array(length, depth);
    object(depth);
  }

  // The largest index, or a number below 1 for a table that becomes an object.
  int array_length() {
    std::int32_t largest = 0;
    std::int64_t count = 0;
    lua_pushnil(lua_);
    for (; lua_next(lua_, -2) != 0; ++count) {
      meter_.charge(1);
      const double key = lua_type(lua_, -2) == LUA_TNUMBER ? lua_tonumber(lua_, -2) : 0;
      if (!(key >= 1 && std::floor(key) == key)) {
        lua_pop(lua_, 2);
        return -1;
      }
      // A key above 2^31 becomes negative, as in Redis.
      if (key > largest) largest = to_int32(key);
      lua_pop(lua_, 1);
    }
    if (settings_.sparse_ratio > 0 && largest > count * settings_.sparse_ratio &&
        largest > settings_.sparse_safe) {
      if (settings_.sparse_convert == 0) fail(-1, "excessively sparse array");
      return -1;
    }
    return largest;
  }

  void array(int length, int depth) {
    out_.append('[');
    for (int i = 1; i <= length; ++i) {
      if (i > 1) out_.append(',');
      lua_rawgeti(lua_, -1, i);
      value(depth);
      lua_pop(lua_, 1);
    }
    out_.append(']');
  }

  void object(int depth) {
    out_.append('{');
    bool is_first = true;
    lua_pushnil(lua_);
    while (lua_next(lua_, -2) != 0) {
      if (!is_first) out_.append(',');
      is_first = false;
      key();
      value(depth);
      lua_pop(lua_, 1);
    }
    out_.append('}');
  }

  // The key below the top of the stack.
  void key() {
    switch (lua_type(lua_, -2)) {
      case LUA_TSTRING:
        text(-2);
        break;
      case LUA_TNUMBER:
        out_.append('"');
        number(-2);
        out_.append('"');
        break;
      default:
        fail(-2, "table key must be a number or string");
    }
    out_.append(':');
  }

  lua_State* lua_;
  const JsonSettings& settings_;
  ByteBuffer out_;
  Meter meter_;
};

}  // namespace

int encode_json(lua_State* lua) {
  luaL_argcheck(lua, lua_gettop(lua) == 1, 1, "expected 1 argument");
  Encoder encoder(lua);
  lua_pushvalue(lua, 1);
  encoder.value(0);
  encoder.finish();
  return 1;
}

}  // namespace larder::scripting
