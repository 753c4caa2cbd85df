#include "larder/resp/request_text.h"

#include <cstdint>
#include <cstring>

namespace larder::resp {
namespace {

// "$18446744073709551615\r\n"
constexpr std::size_t kMostHeader = 23;
constexpr std::size_t kLineEnd = 2;

char* print_line_end(char* out) {
  std::memcpy(out, "\r\n", kLineEnd);
  return out + kLineEnd;
}

char* print_number(char* out, std::size_t n) {
  std::size_t count = 1;
  for (std::size_t rest = n; rest >= 10; rest /= 10) ++count;
  for (char* digit = out + count; digit != out; n /= 10) {
    *--digit = static_cast<char>('0' + n % 10);
  }
  return out + count;
}

// Most words are short.
inline char* print_header(char* out, char kind, std::size_t n) {
  *out++ = kind;
  if (__builtin_expect(n >= 100, 0)) return print_line_end(print_number(out, n));
  const auto small = static_cast<std::uint32_t>(n);
  if (small >= 10) *out++ = static_cast<char>('0' + small / 10);
  *out++ = static_cast<char>('0' + small % 10);
  return print_line_end(out);
}

}  // namespace

std::size_t most_request_bytes(Args words) {
  std::size_t bytes = kMostHeader;
  for (const std::string_view word : words) bytes += kMostHeader + word.size() + kLineEnd;
  return bytes;
}

char* print_request(char* out, Args words) {
  out = print_header(out, '*', words.size());
  for (const std::string_view word : words) {
    out = print_header(out, '$', word.size());
    if (!word.empty()) std::memcpy(out, word.data(), word.size());
    out = print_line_end(out + word.size());
  }
  return out;
}

}  // namespace larder::resp
