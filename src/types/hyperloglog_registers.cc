#include "hyperloglog_registers.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace larder::types::hll {
namespace {

// Four registers are three bytes.
void merge_packed_portable(const char* packed, Registers& registers, std::size_t from) {
  for (std::size_t i = from; i < kRegisters; i += 4, packed += 3) {
    const std::uint32_t four =
        static_cast<unsigned char>(packed[0]) |
        static_cast<std::uint32_t>(static_cast<unsigned char>(packed[1])) << 8 |
        static_cast<std::uint32_t>(static_cast<unsigned char>(packed[2])) << 16;
    for (std::size_t j = 0; j < 4; ++j) {
      const auto value = static_cast<std::uint8_t>((four >> (6 * j)) & 0x3f);
      registers[i + j] = std::max(registers[i + j], value);
    }
  }
}

// Adjacent registers are often equal, so they are counted in different tables: an addition to a
// value that was just stored would wait for the store.
Histogram histogram_portable(const Registers& registers) {
  constexpr std::size_t kTables = 8;
  std::array<std::array<std::uint16_t, 64>, kTables> tables{};
  for (std::size_t i = 0; i < kRegisters; i += kTables) {
    std::uint64_t eight;
    std::memcpy(&eight, registers.data() + i, sizeof eight);
    for (std::size_t j = 0; j < kTables; ++j) ++tables[j][(eight >> (8 * j)) & 0x3f];
  }
  Histogram total{};
  for (const auto& table : tables) {
    for (std::size_t value = 0; value < total.size(); ++value) total[value] += table[value];
  }
  return total;
}

#if defined(__x86_64__)

// 24 bytes become 32 registers: each half takes 12 of them, three to a lane of 32 bits, and every
// lane spreads its four registers over its bytes. Each load reads four bytes more than it uses, so
// the last ones are left to the caller. Returns how many registers are done.
__attribute__((target("avx2"))) std::size_t merge_packed_avx2(const char* packed,
                                                              Registers& registers) {
  const __m256i spread = _mm256_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1,  //
                                          0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
  const __m256i first = _mm256_set1_epi32(0x3f);
  std::size_t done = 0;
  for (; done + 64 <= kRegisters; done += 32, packed += 24) {
    const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(packed));
    const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(packed + 12));
    const __m256i lanes =
        _mm256_shuffle_epi8(_mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1), spread);
    const __m256i a = _mm256_and_si256(lanes, first);
    const __m256i b = _mm256_and_si256(_mm256_slli_epi32(lanes, 2), _mm256_slli_epi32(first, 8));
    const __m256i c = _mm256_and_si256(_mm256_slli_epi32(lanes, 4), _mm256_slli_epi32(first, 16));
    const __m256i d = _mm256_and_si256(_mm256_slli_epi32(lanes, 6), _mm256_slli_epi32(first, 24));
    const __m256i found = _mm256_or_si256(_mm256_or_si256(a, b), _mm256_or_si256(c, d));
    auto* at = reinterpret_cast<__m256i*>(registers.data() + done);
    _mm256_storeu_si256(at, _mm256_max_epu8(_mm256_loadu_si256(at), found));
  }
  return done;
}

constexpr std::size_t kVector = 32;

__attribute__((target("avx2"))) __m256i load_vector(const std::uint8_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

__attribute__((target("avx2"))) std::uint32_t sum_of_bytes(__m256i bytes) {
  const __m256i sums = _mm256_sad_epu8(bytes, _mm256_setzero_si256());
  const __m128i half =
      _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
  return static_cast<std::uint32_t>(_mm_extract_epi16(half, 0) + _mm_extract_epi16(half, 4));
}

struct Bounds {
  std::uint8_t lowest = 63;
  std::uint8_t highest = 0;
};

__attribute__((target("avx2"))) Bounds bounds(const Registers& registers) {
  __m256i low = _mm256_set1_epi8(63);
  __m256i high = _mm256_setzero_si256();
  for (std::size_t i = 0; i < kRegisters; i += kVector) {
    const __m256i vector = load_vector(registers.data() + i);
    low = _mm256_min_epu8(low, vector);
    high = _mm256_max_epu8(high, vector);
  }
  alignas(kVector) std::uint8_t lows[kVector];
  alignas(kVector) std::uint8_t highs[kVector];
  _mm256_store_si256(reinterpret_cast<__m256i*>(lows), low);
  _mm256_store_si256(reinterpret_cast<__m256i*>(highs), high);
  return {*std::min_element(lows, lows + kVector), *std::max_element(highs, highs + kVector)};
}

// The registers of a sketch have about twenty different values, so comparing all registers with
// each value is faster than counting them one by one. Two values at a time, as many vectors as a
// byte can count.
__attribute__((target("avx2"))) Histogram histogram_avx2(const Registers& registers) {
  constexpr std::size_t kRound = 128 * kVector;
  static_assert(kRegisters % kRound == 0);
  constexpr int kMostValues = 32;
  const auto [lowest, highest] = bounds(registers);
  if (highest - lowest >= kMostValues) return histogram_portable(registers);
  Histogram total{};
  for (unsigned value = lowest; value <= highest; value += 2) {
    const __m256i one = _mm256_set1_epi8(static_cast<char>(value));
    const __m256i two = _mm256_set1_epi8(static_cast<char>(value + 1));
    for (std::size_t round = 0; round < kRegisters; round += kRound) {
      __m256i ones = _mm256_setzero_si256();
      __m256i twos = _mm256_setzero_si256();
      for (std::size_t i = round; i < round + kRound; i += kVector) {
        const __m256i vector = load_vector(registers.data() + i);
        ones = _mm256_sub_epi8(ones, _mm256_cmpeq_epi8(vector, one));
        twos = _mm256_sub_epi8(twos, _mm256_cmpeq_epi8(vector, two));
      }
      total[value] += sum_of_bytes(ones);
      if (value < 63) total[value + 1] += sum_of_bytes(twos);
    }
  }
  return total;
}

#endif

}  // namespace

void set_packed_register(char* packed, Raise raise) {
  const std::size_t bit = raise.index * std::size_t{6};
  const std::size_t at = bit / 8;
  const unsigned shift = bit % 8;
  const unsigned mask = 0x3fu << shift;
  const unsigned value = static_cast<unsigned>(raise.value) << shift;
  packed[at] = static_cast<char>((static_cast<unsigned char>(packed[at]) & ~mask) | value);
  if (shift <= 2) return;
  packed[at + 1] =
      static_cast<char>((static_cast<unsigned char>(packed[at + 1]) & ~(mask >> 8)) | (value >> 8));
}

void merge_packed(const char* packed, Registers& registers) {
  std::size_t done = 0;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) done = merge_packed_avx2(packed, registers);
#endif
  merge_packed_portable(packed + done / 4 * 3, registers, done);
}

void pack(const Registers& registers, char* packed) {
  for (std::size_t i = 0; i < kRegisters; i += 4, packed += 3) {
    const std::uint32_t four = registers[i] | static_cast<std::uint32_t>(registers[i + 1]) << 6 |
                               static_cast<std::uint32_t>(registers[i + 2]) << 12 |
                               static_cast<std::uint32_t>(registers[i + 3]) << 18;
    packed[0] = static_cast<char>(four);
    packed[1] = static_cast<char>(four >> 8);
    packed[2] = static_cast<char>(four >> 16);
  }
}

Histogram histogram(const Registers& registers) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return histogram_avx2(registers);
#endif
  return histogram_portable(registers);
}

}  // namespace larder::types::hll
