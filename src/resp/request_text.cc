#include "larder/resp/request_text.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

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

struct Header {
  std::array<char, 7> text;
  std::uint8_t size;
};

// Those of short words, which most are.
constexpr std::array<Header, 100> kHeaders = [] {
  std::array<Header, 100> headers{};
  for (std::size_t n = 0; n < headers.size(); ++n) {
    const char ones = static_cast<char>('0' + n % 10);
    headers[n] = n < 10 ? Header{{'$', ones, '\r', '\n'}, 4}
                        : Header{{'$', static_cast<char>('0' + n / 10), ones, '\r', '\n'}, 5};
  }
  return headers;
}();

// May write a few bytes more, which the rest of the request overwrites, or kMostHeader covers.
inline char* print_header(char* out, char kind, std::size_t n) {
  if (__builtin_expect(n < kHeaders.size(), 1)) {
    std::memcpy(out, &kHeaders[n], sizeof(Header));
    *out = kind;
    return out + kHeaders[n].size;
  }
  *out++ = kind;
  return print_line_end(print_number(out, n));
}

// Copies n bytes, kWidth <= n <= 2 * kWidth, as two parts that may overlap.
template <std::size_t kWidth>
void copy_ends(char* out, const char* from, std::size_t n) {
  std::array<char, kWidth> first;
  std::array<char, kWidth> last;
  std::memcpy(first.data(), from, kWidth);
  std::memcpy(last.data(), from + n - kWidth, kWidth);
  std::memcpy(out, first.data(), kWidth);
  std::memcpy(out + n - kWidth, last.data(), kWidth);
}

// Most words are short: no call of memcpy for them.
inline char* print_word(char* out, std::string_view word) {
  const std::size_t n = word.size();
  if (n > 32) {
    std::memcpy(out, word.data(), n);
  } else if (n >= 16) {
    copy_ends<16>(out, word.data(), n);
  } else if (n >= 8) {
    copy_ends<8>(out, word.data(), n);
  } else if (n >= 4) {
    copy_ends<4>(out, word.data(), n);
  } else if (n >= 2) {
    copy_ends<2>(out, word.data(), n);
  } else if (n == 1) {
    *out = word[0];
  }
  return out + n;
}

}  // namespace

std::size_t request_bytes(Args words) {
  const auto header = [](std::size_t number) {
    std::size_t bytes = 1 + kLineEnd + 1;
    for (; number >= 10; number /= 10) ++bytes;
    return bytes;
  };
  std::size_t bytes = header(words.size());
  for (const std::string_view word : words) bytes += header(word.size()) + word.size() + kLineEnd;
  return bytes;
}

std::size_t most_request_bytes(Args words) {
  std::size_t bytes = kMostHeader;
  for (const std::string_view word : words) bytes += kMostHeader + word.size() + kLineEnd;
  return bytes;
}

char* print_request(char* out, Args words) {
  out = print_header(out, '*', words.size());
  for (const std::string_view word : words) {
    out = print_header(out, '$', word.size());
    out = print_line_end(print_word(out, word));
  }
  return out;
}

}  // namespace larder::resp
