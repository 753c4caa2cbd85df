#include "larder/resp/request_text.h"

#include <cstring>

namespace larder::resp {
namespace {

constexpr std::size_t kLineEnd = 2;

inline std::size_t digits(std::size_t n) {
  std::size_t count = 1;
  for (; n >= 10; n /= 10) ++count;
  return count;
}

inline char* print_line_end(char* out) {
  std::memcpy(out, "\r\n", kLineEnd);
  return out + kLineEnd;
}

inline char* print_header(char* out, char kind, std::size_t n) {
  *out++ = kind;
  char* const end = out + digits(n);
  char* digit = end;
  do {
    *--digit = static_cast<char>('0' + n % 10);
    n /= 10;
  } while (n != 0);
  return print_line_end(end);
}

inline std::size_t header_bytes(std::size_t n) { return 1 + digits(n) + kLineEnd; }

}  // namespace

std::size_t request_bytes(Args words) {
  std::size_t bytes = header_bytes(words.size());
  for (const std::string_view word : words) {
    bytes += header_bytes(word.size()) + word.size() + kLineEnd;
  }
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
