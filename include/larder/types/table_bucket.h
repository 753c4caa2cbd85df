#pragma once

// One cache line of the hash table, and how a slot packs a pointer with 16 bits of hash.
// Part of table.h; nothing else includes it.
//
//   byte 0        8               48       56     63
//       | slot 0 | slot 1 | ... | slot 6 | 7 tags | passed |
//
//   slot   16 bits of the hash (high) and a 48-bit pointer (low); 0 is an empty slot
//   tag    one byte for each slot, compared all at once; free of meaning in an empty slot
//   passed how many entries found this bucket full and are further on; at most 255

#include <bit>
#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace larder::types::detail {

inline constexpr unsigned kBucketSlots = 7;
inline constexpr unsigned kBlockBuckets = 8;
inline constexpr std::uint64_t kPointerMask = (std::uint64_t{1} << 48) - 1;
inline constexpr std::uint8_t kPassedMany = 255;

inline void* pointer_of(std::uint64_t slot) {
  return reinterpret_cast<void*>(static_cast<std::uintptr_t>(slot & kPointerMask));
}
inline std::uint64_t pack(const void* pointer, std::uint64_t high16) {
  return static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(pointer)) | (high16 << 48);
}

// The bytes t with low <= t <= low + width, counted modulo 256.
struct TagWindow {
  std::uint8_t low = 0;
  std::uint8_t width = 255;
};

struct alignas(64) Bucket {
  std::uint64_t slots[kBucketSlots];
  std::uint8_t tags[kBucketSlots];
  std::uint8_t passed;

  // Bit i is set when tag i equals `tag`, whether or not slot i is occupied.
  unsigned with_tag(std::uint8_t tag) const {
#if defined(__SSE2__)
    const __m128i wanted = _mm_set1_epi8(static_cast<char>(tag));
    return movemask(_mm_cmpeq_epi8(load_tags(), wanted));
#else
    unsigned hits = 0;
    for (unsigned i = 0; i < kBucketSlots; ++i) hits |= unsigned{tags[i] == tag} << i;
    return hits;
#endif
  }

  // Bit i is set when slot i is occupied and its tag lies in the window.
  unsigned in_window(TagWindow window) const {
#if defined(__SSE2__)
    const __m128i low = _mm_set1_epi8(static_cast<char>(window.low));
    const __m128i width = _mm_set1_epi8(static_cast<char>(window.width));
    const __m128i distance = _mm_sub_epi8(load_tags(), low);
    const unsigned hits = movemask(_mm_cmpeq_epi8(_mm_min_epu8(distance, width), distance));
#else
    unsigned hits = 0;
    for (unsigned i = 0; i < kBucketSlots; ++i) {
      hits |= unsigned{static_cast<std::uint8_t>(tags[i] - window.low) <= window.width} << i;
    }
#endif
    return hits == 0 ? 0 : hits & occupied();
  }

  // Bit i is set when slot i is occupied.
  unsigned occupied() const {
#if defined(__SSE2__)
    return ~(empty_of(0) | empty_of(4) << 4) & 0x7f;
#else
    unsigned mask = 0;
    for (unsigned i = 0; i < kBucketSlots; ++i) mask |= unsigned{slots[i] != 0} << i;
    return mask;
#endif
  }

  void pass() {
    if (passed != kPassedMany) ++passed;
  }
  void unpass() {
    if (passed != kPassedMany) --passed;
  }

 private:
#if defined(__SSE2__)
  __m128i load_tags() const { return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(tags)); }
  static unsigned movemask(__m128i hits) {
    return static_cast<unsigned>(_mm_movemask_epi8(hits)) & 0x7f;
  }
  // Bit i is set when word first + i of the bucket is 0, of four words.
  unsigned empty_of(unsigned first) const {
    const auto* const words = reinterpret_cast<const __m128*>(this) + first / 2;
    constexpr int kLowHalves = 0x88, kHighHalves = 0xdd;
    const __m128 low = _mm_shuffle_ps(words[0], words[1], kLowHalves);
    const __m128 high = _mm_shuffle_ps(words[0], words[1], kHighHalves);
    const __m128i both = _mm_castps_si128(_mm_or_ps(low, high));
    const __m128i empty = _mm_cmpeq_epi32(both, _mm_setzero_si128());
    return static_cast<unsigned>(_mm_movemask_ps(_mm_castsi128_ps(empty)));
  }
#endif
};
static_assert(sizeof(Bucket) == 64);

// The bucket that lookups in an empty table read, so that they need no check for it.
inline constexpr Bucket kNoEntries{};

}  // namespace larder::types::detail
