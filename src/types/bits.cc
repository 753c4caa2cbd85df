#include "larder/types/bits.h"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace larder::types::bits {
namespace {

// The compiler splits these where the processor's vectors are narrower.
using Wide = std::uint64_t __attribute__((vector_size(32)));

std::uint64_t load_word(const char* from) {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

std::uint64_t big_endian(std::uint64_t word) {
  return std::endian::native == std::endian::little ? __builtin_bswap64(word) : word;
}

std::uint64_t count_words(std::string_view bytes) {
  std::uint64_t sums[4] = {};
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 32; at += 32, left -= 32) {
    for (int i = 0; i < 4; ++i) {
      sums[i] += static_cast<std::uint64_t>(std::popcount(load_word(at + 8 * i)));
    }
  }
  for (; left >= 8; at += 8, left -= 8) {
    sums[0] += static_cast<std::uint64_t>(std::popcount(load_word(at)));
  }
  std::uint64_t tail = 0;
  if (left > 0) std::memcpy(&tail, at, left);
  sums[1] += static_cast<std::uint64_t>(std::popcount(tail));
  return sums[0] + sums[1] + sums[2] + sums[3];
}

#if defined(__x86_64__)

// Nibbles are counted by table, and the counts of each byte position are added over as many vectors
// as fit into a byte.
__attribute__((target("avx2"))) std::uint64_t count_avx2(std::string_view bytes) {
  constexpr std::size_t kVector = 32;
  constexpr std::size_t kMostVectors = 31;  // of 8 bits each: 248 at most in a byte
  const __m256i nibble = _mm256_set1_epi8(0x0f);
  const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,  //
                                         0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  __m256i sums = _mm256_setzero_si256();
  const char* at = bytes.data();
  std::size_t vectors = bytes.size() / kVector;
  while (vectors > 0) {
    const std::size_t round = std::min(vectors, kMostVectors);
    __m256i counts = _mm256_setzero_si256();
    for (std::size_t i = 0; i < round; ++i, at += kVector) {
      const __m256i loaded = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
      const __m256i low = _mm256_and_si256(loaded, nibble);
      const __m256i high = _mm256_and_si256(_mm256_srli_epi16(loaded, 4), nibble);
      counts = _mm256_add_epi8(counts, _mm256_shuffle_epi8(table, low));
      counts = _mm256_add_epi8(counts, _mm256_shuffle_epi8(table, high));
    }
    sums = _mm256_add_epi64(sums, _mm256_sad_epu8(counts, _mm256_setzero_si256()));
    vectors -= round;
  }
  const __m128i half =
      _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
  const auto total = static_cast<std::uint64_t>(_mm_cvtsi128_si64(half)) +
                     static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(half, half)));
  return total + count_words(bytes.substr(bytes.size() / kVector * kVector));
}

#endif

unsigned byte_at(std::string_view bytes, std::uint64_t index) {
  return static_cast<unsigned char>(bytes[index]);
}

unsigned ones(unsigned byte) { return static_cast<unsigned>(std::popcount(byte)); }

#if defined(__x86_64__)

// Passes steps of four vectors whose bytes all equal those of `skipped`.
__attribute__((target("avx2"))) std::size_t skip_avx2(const char* data, std::size_t from,
                                                      std::size_t to, std::uint64_t skipped) {
  constexpr std::size_t kVectors = 4;
  constexpr std::size_t kStep = kVectors * sizeof(__m256i);
  const __m256i same = _mm256_set1_epi64x(static_cast<long long>(skipped));
  for (; to - from >= kStep; from += kStep) {
    const auto* at = reinterpret_cast<const __m256i*>(data + from);
    __m256i found = _mm256_setzero_si256();
    for (std::size_t i = 0; i < kVectors; ++i) {
      found = _mm256_or_si256(found, _mm256_xor_si256(_mm256_loadu_si256(at + i), same));
    }
    if (_mm256_testz_si256(found, found) == 0) break;
  }
  return from;
}

#endif

// The first byte in [from, to) that is not all `skipped`, whose bytes are equal; `to` if none is.
std::size_t skip(std::string_view bytes, std::size_t from, std::size_t to, std::uint64_t skipped) {
  const char* data = bytes.data();
#if defined(__x86_64__)
  if (to - from >= 256 && __builtin_cpu_supports("avx2")) from = skip_avx2(data, from, to, skipped);
#endif
  for (; to - from >= 64; from += 64) {
    std::uint64_t found = 0;
    for (std::size_t i = 0; i < 64; i += 8) found |= load_word(data + from + i) ^ skipped;
    if (found != 0) break;
  }
  for (; to - from >= 8; from += 8) {
    if (load_word(data + from) != skipped) break;
  }
  while (from < to && data[from] == static_cast<char>(skipped)) ++from;
  return from;
}

template <Operation kOperation>
__attribute__((always_inline)) inline void apply(auto& to, const auto& from) {
  if constexpr (kOperation == Operation::conjunction) to &= from;
  if constexpr (kOperation == Operation::disjunction) to |= from;
  if constexpr (kOperation == Operation::exclusive) to ^= from;
  if constexpr (kOperation == Operation::negation) to = ~from;
}

template <Operation kOperation>
__attribute__((always_inline)) inline void apply_bytes(char* to, const char* from,
                                                       std::size_t size) {
  for (; size >= sizeof(Wide); to += sizeof(Wide), from += sizeof(Wide), size -= sizeof(Wide)) {
    Wide a;
    Wide b;
    std::memcpy(&a, to, sizeof a);
    std::memcpy(&b, from, sizeof b);
    apply<kOperation>(a, b);
    std::memcpy(to, &a, sizeof a);
  }
  for (std::size_t i = 0; i < size; ++i) apply<kOperation>(to[i], from[i]);
}

__attribute__((always_inline)) inline void apply_any(Operation operation, char* to,
                                                     const char* from, std::size_t size) {
  switch (operation) {
    case Operation::conjunction:
      return apply_bytes<Operation::conjunction>(to, from, size);
    case Operation::disjunction:
      return apply_bytes<Operation::disjunction>(to, from, size);
    case Operation::exclusive:
      return apply_bytes<Operation::exclusive>(to, from, size);
    case Operation::negation:
      return apply_bytes<Operation::negation>(to, from, size);
  }
}

void apply_portable(Operation operation, char* to, const char* from, std::size_t size) {
  apply_any(operation, to, from, size);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) void apply_avx2(Operation operation, char* to, const char* from,
                                                std::size_t size) {
  apply_any(operation, to, from, size);
}
#endif

using Apply = void (*)(Operation, char*, const char*, std::size_t);

Apply best_apply() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return apply_avx2;
#endif
  return apply_portable;
}

// The bytes of a source in [at, at + size).
std::string_view piece_of(std::string_view source, std::size_t at, std::size_t size) {
  return at < source.size() ? source.substr(at, size) : std::string_view();
}

void combine_block(Operation operation, std::span<const std::string_view> sources, std::size_t at,
                   char* to, std::size_t size) {
  const Apply apply = best_apply();
  const std::string_view first = piece_of(sources[0], at, size);
  if (!first.empty()) std::memcpy(to, first.data(), first.size());
  std::memset(to + first.size(), 0, size - first.size());
  if (operation == Operation::negation) return apply(operation, to, to, size);
  for (const std::string_view source : sources.subspan(1)) {
    const std::string_view piece = piece_of(source, at, size);
    apply(operation, to, piece.data(), piece.size());
    if (operation == Operation::conjunction) {
      std::memset(to + piece.size(), 0, size - piece.size());
    }
  }
}

// The nine bytes that a field may lie in: eight of them as a word, and the ninth.
struct Window {
  std::uint64_t word;
  std::uint8_t last;
};
constexpr std::size_t kWindow = 9;

Window load_window(const char* bytes, std::size_t size) {
  char buffer[kWindow] = {};
  if (size > 0) std::memcpy(buffer, bytes, std::min(size, kWindow));
  return {big_endian(load_word(buffer)), static_cast<std::uint8_t>(buffer[8])};
}

void store_window(const Window& window, char* bytes, std::size_t size) {
  char buffer[kWindow];
  const std::uint64_t word = big_endian(window.word);
  std::memcpy(buffer, &word, sizeof word);
  buffer[8] = static_cast<char>(window.last);
  std::memcpy(bytes, buffer, std::min(size, kWindow));
}

}  // namespace

std::uint64_t count(std::string_view bytes) {
#if defined(__x86_64__)
  if (bytes.size() >= 256 && __builtin_cpu_supports("avx2")) return count_avx2(bytes);
#endif
  return count_words(bytes);
}

std::uint64_t count(std::string_view bytes, Range range) {
  const std::uint64_t from = range.first / 8;
  const std::uint64_t to = range.last / 8;
  const unsigned before = byte_at(bytes, from) & ~(0xffu >> (range.first % 8));
  const unsigned after = byte_at(bytes, to) & (0x7fu >> (range.last % 8));
  return count(bytes.substr(from, to - from + 1)) - ones(before) - ones(after);
}

std::optional<std::uint64_t> find(std::string_view bytes, Bit bit, Range range) {
  const std::uint64_t skipped = bit == Bit::set ? 0 : ~std::uint64_t{0};
  const auto flipped = static_cast<unsigned>(skipped & 0xff);
  std::uint64_t at = range.first / 8;
  unsigned wanted = (byte_at(bytes, at) ^ flipped) & (0xffu >> (range.first % 8));
  if (wanted == 0) {
    const std::uint64_t end = range.last / 8 + 1;
    at = skip(bytes, at + 1, end, skipped);
    if (at == end) return std::nullopt;
    wanted = byte_at(bytes, at) ^ flipped;
  }
  const std::uint64_t found =
      at * 8 + static_cast<unsigned>(std::countl_zero(static_cast<std::uint8_t>(wanted)));
  return found <= range.last ? std::optional(found) : std::nullopt;
}

void combine(Operation operation, std::span<const std::string_view> sources, char* to,
             std::size_t size) {
  // A block stays in the L1 cache while all sources are combined into it.
  constexpr std::size_t kBlock = 8192;
  for (std::size_t at = 0; at < size; at += kBlock) {
    combine_block(operation, sources, at, to + at, std::min(kBlock, size - at));
  }
}

std::uint64_t field(std::string_view bytes, std::uint64_t offset, unsigned width) {
  const std::uint64_t at = offset / 8;
  if (at >= bytes.size()) return 0;
  const Window window = load_window(bytes.data() + at, bytes.size() - at);
  const unsigned shift = offset % 8;
  const std::uint64_t from_bit = (window.word << shift) | (window.last >> (8 - shift));
  return from_bit >> (64 - width);
}

void set_field(char* bytes, std::size_t size, std::uint64_t offset, unsigned width,
               std::uint64_t value) {
  const std::uint64_t at = offset / 8;
  const unsigned shift = offset % 8;
  const std::uint64_t mask = ~std::uint64_t{0} << (64 - width);
  const std::uint64_t placed = value << (64 - width);
  Window window = load_window(bytes + at, size - at);
  window.word = (window.word & ~(mask >> shift)) | (placed >> shift);
  const auto last_mask = static_cast<std::uint8_t>(mask << (8 - shift));
  const auto last_placed = static_cast<std::uint8_t>(placed << (8 - shift));
  if (shift > 0) window.last = static_cast<std::uint8_t>((window.last & ~last_mask) | last_placed);
  store_window(window, bytes + at, size - at);
}

}  // namespace larder::types::bits
