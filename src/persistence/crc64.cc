#include "larder/persistence/crc64.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace larder::persistence {
namespace {

// 0xad93d23594c935a9 with its bits in reverse.
constexpr std::uint64_t kPolynomial = 0x95ac9329ac4bc9b5;

// tables[k][b] is the remainder of byte b with k zero bytes behind it, so that eight bytes are
// taken in one step.
using Tables = std::array<std::array<std::uint64_t, 256>, 8>;

constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint64_t byte = 0; byte < 256; ++byte) {
    std::uint64_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = rest;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint64_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

}  // namespace

std::uint64_t crc64(std::uint64_t crc, std::string_view bytes) {
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    crc ^= word;
    std::uint64_t next = 0;
    for (std::size_t k = 0; k < 8; ++k) next ^= kTables[7 - k][(crc >> (8 * k)) & 0xff];
    crc = next;
  }
  for (; left > 0; ++at, --left) {
    crc = kTables[0][(crc ^ static_cast<std::uint8_t>(*at)) & 0xff] ^ (crc >> 8);
  }
  return crc;
}

}  // namespace larder::persistence
