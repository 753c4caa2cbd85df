#pragma once

// The keyed hash that all hash tables use. The secret is random and drawn once per process, so
// that clients cannot choose keys that collide. docs/decisions/hash.md describes the function and
// the reasons for it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#ifdef __AES__
#include <smmintrin.h>
#include <wmmintrin.h>
#endif

namespace larder::base {

// The secret of a hash: ten keys of 128 bits.
struct alignas(16) HashSecret {
  std::array<std::uint64_t, 20> words;

  // Drawn from the operating system's source of secrets.
  static HashSecret random();
};

// SipHash (Aumasson and Bernstein 2012) with one round per word and three at the end; the
// hash on machines without AES instructions. Uses the first two words of the secret.
std::uint64_t sip_hash_1_3(const HashSecret& secret, std::string_view bytes);
// The variant its authors publish test vectors for.
std::uint64_t sip_hash_2_4(const HashSecret& secret, std::string_view bytes);

namespace detail {
extern const HashSecret process_secret;
}  // namespace detail

#ifdef __AES__

namespace detail {

inline __m128i hash_key(const HashSecret& secret, std::size_t i) {
  return _mm_load_si128(reinterpret_cast<const __m128i*>(&secret.words[2 * i]));
}

template <typename Word>
inline Word load_word(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// All of up to 16 bytes in one block; shorter texts are read twice where the reads overlap,
// which the length makes unambiguous.
inline __m128i load_short(const char* data, std::size_t size) {
  if (size >= 8) {
    return _mm_set_epi64x(load_word<std::int64_t>(data + size - 8), load_word<std::int64_t>(data));
  }
  if (size >= 4) {
    return _mm_set_epi32(0, 0, load_word<std::int32_t>(data + size - 4),
                         load_word<std::int32_t>(data));
  }
  if (size == 0) return _mm_setzero_si128();
  const auto byte = [data](std::size_t i) { return static_cast<unsigned char>(data[i]); };
  return _mm_cvtsi32_si128(byte(0) | byte(size / 2) << 8 | byte(size - 1) << 16);
}

// The length is added after a keyed non-linear round. If it were xored with the text itself, a
// text could be chosen that cancels it without knowing the secret.
inline std::uint64_t hash_finish(const HashSecret& secret, __m128i state, std::size_t size) {
  const __m128i length = _mm_cvtsi64_si128(static_cast<std::int64_t>(size));
  state = _mm_aesenc_si128(state, _mm_xor_si128(hash_key(secret, 1), length));
  state = _mm_aesenc_si128(state, hash_key(secret, 2));
  state = _mm_aesenc_si128(state, hash_key(secret, 3));
  return static_cast<std::uint64_t>(_mm_cvtsi128_si64(state)) ^
         static_cast<std::uint64_t>(_mm_extract_epi64(state, 1));
}

std::uint64_t aes_hash_long(const HashSecret& secret, std::string_view bytes);

}  // namespace detail

// Larder's keyed hash, which uses AES rounds.
inline std::uint64_t aes_hash(const HashSecret& secret, std::string_view bytes) {
  if (bytes.size() > 16) return detail::aes_hash_long(secret, bytes);
  const __m128i block = detail::load_short(bytes.data(), bytes.size());
  return detail::hash_finish(secret, _mm_xor_si128(block, detail::hash_key(secret, 0)),
                             bytes.size());
}

#endif

// 64 well-mixed bits; every bit may be used. Cost: about 3 ns for a key of 16 bytes. Not
// before main(): the secret is drawn among the first of the static objects.
inline std::uint64_t hash_bytes(std::string_view bytes) {
#ifdef __AES__
  return aes_hash(detail::process_secret, bytes);
#else
  return sip_hash_1_3(detail::process_secret, bytes);
#endif
}

}  // namespace larder::base
