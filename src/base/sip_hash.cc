#include <bit>
#include <cstring>

#include "larder/base/hash.h"

namespace larder::base {

namespace {

struct SipState {
  std::uint64_t v0, v1, v2, v3;

  void round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }

  void absorb(std::uint64_t word, int rounds) {
    v3 ^= word;
    for (int i = 0; i < rounds; ++i) round();
    v0 ^= word;
  }
};

// Words are little-endian, as the algorithm defines them.
std::uint64_t load_word_le(const char* from) {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return std::endian::native == std::endian::little ? word : __builtin_bswap64(word);
}

std::uint64_t load_rest_le(const char* from, std::size_t size) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < size; ++i) {
    word |= std::uint64_t{static_cast<unsigned char>(from[i])} << (8 * i);
  }
  return word;
}

template <int kWordRounds, int kFinalRounds>
std::uint64_t sip_hash(const HashSecret& secret, std::string_view bytes) {
  const std::uint64_t k0 = secret.words[0];
  const std::uint64_t k1 = secret.words[1];
  SipState state{k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
                 k1 ^ 0x7465646279746573};
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) state.absorb(load_word_le(at), kWordRounds);
  state.absorb(load_rest_le(at, left) | std::uint64_t{bytes.size()} << 56, kWordRounds);
  state.v2 ^= 0xff;
  for (int i = 0; i < kFinalRounds; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace

std::uint64_t sip_hash_1_3(const HashSecret& secret, std::string_view bytes) {
  return sip_hash<1, 3>(secret, bytes);
}

std::uint64_t sip_hash_2_4(const HashSecret& secret, std::string_view bytes) {
  return sip_hash<2, 4>(secret, bytes);
}

}  // namespace larder::base
