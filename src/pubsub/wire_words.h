#pragma once

// Writes words as RESP into a buffer whose size was computed before.

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string_view>

namespace larder::pubsub {

constexpr std::size_t digits(std::size_t number) {
  std::size_t count = 1;
  for (; number >= 10; number /= 10) ++count;
  return count;
}

// "*3\r\n"
constexpr std::size_t header_bytes(std::size_t number) { return 3 + digits(number); }
constexpr std::size_t word_bytes(std::size_t size) { return header_bytes(size) + size + 2; }

inline char* print_header(char* out, char kind, std::size_t number) {
  constexpr std::size_t kMostDigits = 20;
  *out++ = kind;
  if (number < 10) {
    *out++ = static_cast<char>('0' + number);
  } else {
    out = std::to_chars(out, out + kMostDigits, number).ptr;
  }
  *out++ = '\r';
  *out++ = '\n';
  return out;
}

inline char* print_word(char* out, std::string_view word) {
  out = print_header(out, '$', word.size());
  out = std::copy(word.begin(), word.end(), out);
  *out++ = '\r';
  *out++ = '\n';
  return out;
}

}  // namespace larder::pubsub
