#include "json_text.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace larder::scripting {
namespace {

// The length of \uxxxx.
constexpr int kUnicodeEscape = 6;

// For each byte after a backslash: what it stands for, or 0 for an error; 'u' for four digits.
constexpr auto kEscaped = [] {
  std::array<char, 256> escaped{};
  for (const char byte : {'"', '\\', '/', 'u'}) escaped[static_cast<unsigned char>(byte)] = byte;
  escaped['b'] = '\b';
  escaped['t'] = '\t';
  escaped['n'] = '\n';
  escaped['f'] = '\f';
  escaped['r'] = '\r';
  return escaped;
}();

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const int letter = c | 0x20;
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

// The code unit of the escape at `at`, or -1.
int code_unit(const char* at) {
  if (at[0] != '\\' || at[1] != 'u') return -1;
  int unit = 0;
  for (int i = 2; i < kUnicodeEscape; ++i) {
    const int digit = hex_digit(at[i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

bool is_surrogate(int unit) { return (unit & 0xf800) == 0xd800; }
bool is_low_surrogate(int unit) { return (unit & 0xfc00) == 0xdc00; }

// The length of the valid escape at `at`, one or two code units, or 0.
int unicode_escape_length(const char* at) {
  const int unit = code_unit(at);
  if (unit < 0) return 0;
  if (!is_surrogate(unit)) return kUnicodeEscape;
  if (is_low_surrogate(unit)) return 0;
  const int second = code_unit(at + kUnicodeEscape);
  return second >= 0 && is_low_surrogate(second) ? 2 * kUnicodeEscape : 0;
}

char* put_utf8(char* out, int code) {
  const auto continuation = [code](int shift) {
    return static_cast<char>(0x80 | ((code >> shift) & 0x3f));
  };
  if (code < 0x80) {
    *out++ = static_cast<char>(code);
    return out;
  }
  if (code < 0x800) {
    *out++ = static_cast<char>(0xc0 | code >> 6);
  } else {
    if (code < 0x10000) {
      *out++ = static_cast<char>(0xe0 | code >> 12);
    } else {
      *out++ = static_cast<char>(0xf0 | code >> 18);
      *out++ = continuation(12);
    }
    *out++ = continuation(6);
  }
  *out++ = continuation(0);
  return out;
}

// Writes what stands between the quotes and returns its end; it is never longer.
char* unescape(std::string_view text, char* out) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    if (*at != '\\') {
      *out++ = *at++;
      continue;
    }
    if (at[1] != 'u') {
      *out++ = kEscaped[static_cast<unsigned char>(at[1])];
      at += 2;
      continue;
    }
    int code = code_unit(at);
    at += kUnicodeEscape;
    if (is_surrogate(code)) {
      code = 0x10000 + ((code & 0x3ff) << 10 | (code_unit(at) & 0x3ff));
      at += kUnicodeEscape;
    }
    out = put_utf8(out, code);
  }
  return out;
}

[[gnu::noinline]] void push_short(lua_State* lua, std::string_view text, char* out) {
  const char* const end = unescape(text, out);
  lua_pushlstring(lua, out, static_cast<std::size_t>(end - out));
}

}  // namespace

JsonText find_json_text(const char* at, const char* end, Meter& meter) {
  bool has_escapes = false;
  while (true) {
    const auto ahead = static_cast<std::size_t>(end - at);
    const char* const stop = at + std::min(ahead, Meter::kBytesBetweenChecks);
    const char* const before = at;
    while (at != stop && *at != '"' && *at != '\\' && *at != '\0') ++at;
    meter.charge(static_cast<std::size_t>(at - before));
    if (at == stop && at != end) continue;
    if (*at == '"') return {at, nullptr, has_escapes};
    if (*at == '\0') return {at, "unexpected end of string", has_escapes};
    has_escapes = true;
    const char meaning = kEscaped[static_cast<unsigned char>(at[1])];
    if (meaning == 0) return {at, "invalid escape code", has_escapes};
    const int length = meaning == 'u' ? unicode_escape_length(at) : 2;
    if (length == 0) return {at, "invalid unicode escape code", has_escapes};
    at += length;
  }
}

void push_unescaped(lua_State* lua, std::string_view text) {
  constexpr std::size_t kMostOnStack = 512;
  if (text.size() <= kMostOnStack) {
    char out[kMostOnStack];
    return push_short(lua, text, out);
  }
  luaL_checkstack(lua, 2, "too many values");
  push_short(lua, text, static_cast<char*>(lua_newuserdata(lua, text.size())));
  lua_remove(lua, -2);
}

}  // namespace larder::scripting
