#pragma once

// The hot half of Writer; include writer.h.

#include <charconv>
#include <cstring>

#include "larder/resp/writer.h"

namespace larder::resp {

// Writes "<kind><n>\r\n" and returns its end. Needs kHeaderRoom characters.
inline char* Writer::print_header(char* out, char kind, std::uint64_t n) {
  *out++ = kind;
  if (n < 10) {
    *out++ = static_cast<char>('0' + n);
  } else if (n < 100) {
    *out++ = static_cast<char>('0' + n / 10);
    *out++ = static_cast<char>('0' + n % 10);
  } else if (n < 1000) {
    *out++ = static_cast<char>('0' + n / 100);
    *out++ = static_cast<char>('0' + n / 10 % 10);
    *out++ = static_cast<char>('0' + n % 10);
  } else {
    out = std::to_chars(out, out + 20, n).ptr;
  }
  std::memcpy(out, "\r\n", 2);
  return out + 2;
}

// A memcpy without a call for the sizes that most values have.
inline char* Writer::copy(char* out, std::string_view text) {
  const char* from = text.data();
  const std::size_t n = text.size();
  if (n >= 16 && n <= 32) {
    char head[16];
    char tail[16];
    std::memcpy(head, from, 16);
    std::memcpy(tail, from + n - 16, 16);
    std::memcpy(out, head, 16);
    std::memcpy(out + n - 16, tail, 16);
  } else if (n >= 8 && n < 16) {
    char head[8];
    char tail[8];
    std::memcpy(head, from, 8);
    std::memcpy(tail, from + n - 8, 8);
    std::memcpy(out, head, 8);
    std::memcpy(out + n - 8, tail, 8);
  } else if (n < 8) {
    for (std::size_t i = 0; i < n; ++i) out[i] = from[i];
  } else {
    std::memcpy(out, from, n);
  }
  return out + n;
}

inline void Writer::header(char kind, std::uint64_t n) {
  if (muted_) return;
  char* start = buffer_->reserve(kHeaderRoom);
  buffer_->commit(static_cast<std::size_t>(print_header(start, kind, n) - start));
}

inline void Writer::bulk(std::string_view text) {
  if (muted_) return;
  char* start = buffer_->room(text.size() + kHeaderRoom + 2);
  if (__builtin_expect(start == nullptr, 0)) return bulk_in_pieces(text);
  char* out = copy(print_header(start, '$', text.size()), text);
  std::memcpy(out, "\r\n", 2);
  buffer_->commit(static_cast<std::size_t>(out + 2 - start));
}

}  // namespace larder::resp
