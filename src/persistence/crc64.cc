#include "larder/persistence/crc64.h"

#include <array>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace larder::persistence {
namespace {

// 0xad93d23594c935a9 with its bits in reverse.
constexpr std::uint64_t kPolynomial = 0x95ac9329ac4bc9b5;

// tables[k][b] is the remainder of byte b followed by k zero bytes, so that one step processes
// eight bytes.
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

std::uint64_t by_tables(std::uint64_t crc, std::string_view bytes) {
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

#if defined(__x86_64__)

// Folding by carry-less multiplication (Gopal et al., "Fast CRC Computation for Generic Polynomials
// Using PCLMULQDQ Instruction", 2009): 16 bytes that are `distance` bits ahead of 16 others are
// multiplied by that power of x and added to those, which does not change the remainder of the
// whole. Four lanes are processed in parallel; the last 16 bytes are processed with the tables.
constexpr std::size_t kLane = 16;
constexpr std::size_t kLanes = 4;
constexpr std::size_t kFoldedFrom = 4 * kLanes * kLane;

// x to this power, modulo the polynomial, with its bits in reverse.
constexpr std::uint64_t power_of_x(unsigned exponent) {
  std::uint64_t rest = std::uint64_t{1} << 63;
  for (; exponent > 0; --exponent) rest = (rest >> 1) ^ ((rest & 1) != 0 ? kPolynomial : 0);
  return rest;
}

// The multipliers of the lower and the upper half. A product of reversed numbers is one bit too
// low, which the exponents correct.
struct Multipliers {
  explicit constexpr Multipliers(unsigned distance)
      : low(power_of_x(distance + 63)), high(power_of_x(distance - 1)) {}
  std::uint64_t low;
  std::uint64_t high;
};
constexpr Multipliers kByLane(8 * kLane);
constexpr Multipliers kByAllLanes(8 * kLane * kLanes);

[[gnu::target("pclmul,sse4.1")]] inline __m128i load(const char* bytes) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
}

[[gnu::target("pclmul,sse4.1")]] inline __m128i multipliers(const Multipliers& by) {
  return _mm_set_epi64x(static_cast<long long>(by.high), static_cast<long long>(by.low));
}

[[gnu::target("pclmul,sse4.1")]] inline __m128i fold(__m128i lane, __m128i by, __m128i onto) {
  const __m128i low = _mm_clmulepi64_si128(lane, by, 0x00);
  const __m128i high = _mm_clmulepi64_si128(lane, by, 0x11);
  return _mm_xor_si128(_mm_xor_si128(low, high), onto);
}

[[gnu::target("pclmul,sse4.1")]] std::uint64_t by_folding(std::uint64_t crc,
                                                          std::string_view bytes) {
  const char* at = bytes.data();
  __m128i lanes[kLanes];
  for (std::size_t i = 0; i < kLanes; ++i) lanes[i] = load(at + i * kLane);
  lanes[0] = _mm_xor_si128(lanes[0], _mm_cvtsi64_si128(static_cast<long long>(crc)));
  std::size_t left = bytes.size() - kLanes * kLane;
  at += kLanes * kLane;
  const __m128i by_all = multipliers(kByAllLanes);
  for (; left >= kLanes * kLane; at += kLanes * kLane, left -= kLanes * kLane) {
    for (std::size_t i = 0; i < kLanes; ++i)
      lanes[i] = fold(lanes[i], by_all, load(at + i * kLane));
  }
  const __m128i by_one = multipliers(kByLane);
  __m128i rest = lanes[0];
  for (std::size_t i = 1; i < kLanes; ++i) rest = fold(rest, by_one, lanes[i]);
  char folded[kLane];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(folded), rest);
  return by_tables(by_tables(0, {folded, sizeof folded}), {at, left});
}

#endif

}  // namespace

std::uint64_t crc64(std::uint64_t crc, std::string_view bytes) {
#if defined(__x86_64__)
  if (bytes.size() >= kFoldedFrom && __builtin_cpu_supports("pclmul")) {
    return by_folding(crc, bytes);
  }
#endif
  return by_tables(crc, bytes);
}

}  // namespace larder::persistence
