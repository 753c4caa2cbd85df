#include "crc32c.h"

#include <array>
#include <cstddef>
#include <cstring>

#if defined(__SSE4_2__)
#include <nmmintrin.h>
#endif

namespace larder::persistence {
namespace {

#if defined(__SSE4_2__)

std::uint32_t extend(std::uint32_t crc, const char* at, std::size_t left) {
  std::uint64_t sum = crc;
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    sum = _mm_crc32_u64(sum, word);
  }
  auto rest = static_cast<std::uint32_t>(sum);
  for (; left > 0; ++at, --left) rest = _mm_crc32_u8(rest, static_cast<std::uint8_t>(*at));
  return rest;
}

#else

// The polynomial with its bits in reverse.
constexpr std::uint32_t kPolynomial = 0x82f63b78;

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1) != 0 ? kPolynomial : 0);
    table[byte] = rest;
  }
  return table;
}

constexpr std::array<std::uint32_t, 256> kTable = make_table();

std::uint32_t extend(std::uint32_t crc, const char* at, std::size_t left) {
  for (; left > 0; ++at, --left) {
    crc = kTable[(crc ^ static_cast<std::uint8_t>(*at)) & 0xff] ^ (crc >> 8);
  }
  return crc;
}

#endif

}  // namespace

std::uint32_t crc32c(std::uint32_t crc, std::string_view bytes) {
  return ~extend(~crc, bytes.data(), bytes.size());
}

}  // namespace larder::persistence
