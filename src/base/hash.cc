#include "larder/base/hash.h"

#include <span>

#include "larder/base/rng.h"

namespace larder::base {

HashSecret HashSecret::random() {
  HashSecret secret;
  random_secret(std::as_writable_bytes(std::span(secret.words)));
  return secret;
}

namespace detail {

// Initialised before all objects of ordinary priority, so that none hashes with a secret of zeros.
__attribute__((init_priority(101))) const HashSecret process_secret = HashSecret::random();

#ifdef __AES__

namespace {

constexpr std::size_t kBlock = 16;
constexpr std::size_t kLanes = 4;
constexpr std::size_t kStride = kBlock * kLanes;

__m128i load_block(const char* from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

// Two rounds for each block: after one, a difference in one byte touches only one column,
// and the next block of the lane could cancel it with a chance of 1 in 64.
__m128i absorb(const HashSecret& secret, std::size_t lane, __m128i state, __m128i block) {
  const __m128i key = hash_key(secret, 4 + lane);
  return _mm_aesenc_si128(_mm_aesenc_si128(_mm_xor_si128(state, block), key), key);
}

__m128i merge(const __m128i (&lanes)[kLanes]) {
  return _mm_xor_si128(_mm_xor_si128(lanes[0], lanes[1]), _mm_xor_si128(lanes[2], lanes[3]));
}

}  // namespace

std::uint64_t aes_hash_long(const HashSecret& secret, std::string_view bytes) {
  const char* data = bytes.data();
  const std::size_t size = bytes.size();
  const char* end = data + size;
  const __m128i start = hash_key(secret, 0);
  if (size <= 2 * kBlock) {
    const __m128i first = absorb(secret, 0, start, load_block(data));
    const __m128i last = absorb(secret, 1, start, load_block(end - kBlock));
    return hash_finish(secret, _mm_xor_si128(first, last), size);
  }
  __m128i lanes[kLanes] = {start, start, start, start};
  const char* at = data;
  for (; static_cast<std::size_t>(end - at) > kStride; at += kStride) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      lanes[lane] = absorb(secret, lane, lanes[lane], load_block(at + lane * kBlock));
    }
  }
  // The last stride ends with the text and may overlap what was read before. A text shorter
  // than a stride gives its two ends to two lanes each.
  const char* tail = size >= kStride ? end - kStride : data;
  const char* tail_end = end - 2 * kBlock;
  lanes[0] = absorb(secret, 0, lanes[0], load_block(tail));
  lanes[1] = absorb(secret, 1, lanes[1], load_block(tail + kBlock));
  lanes[2] = absorb(secret, 2, lanes[2], load_block(tail_end));
  lanes[3] = absorb(secret, 3, lanes[3], load_block(tail_end + kBlock));
  return hash_finish(secret, merge(lanes), size);
}

#endif

}  // namespace detail

}  // namespace larder::base
