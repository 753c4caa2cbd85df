#pragma once

// The sizes of the blocks of a segment.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "larder/types/table_segment.h"

namespace larder::types::detail {

inline std::uint32_t blocks_for(std::uint32_t buckets) {
  return (buckets + kBlockBuckets - 1) / kBlockBuckets;
}

// Buckets in block `index` of a segment of `buckets`: all blocks but the last are whole.
inline std::uint32_t block_buckets(std::uint32_t buckets, std::uint32_t index) {
  const std::uint32_t first = index * kBlockBuckets;
  return first < buckets ? std::min(kBlockBuckets, buckets - first) : 0;
}

// Two cache lines for the usual segment; as much as any may need for one that equal hashes have
// widened.
inline std::size_t header_bytes(std::uint32_t buckets) {
  constexpr std::uint32_t kUsualBlocks = 15;
  constexpr std::size_t kUsual = (1 + kUsualBlocks) * sizeof(Bucket*);
  constexpr std::size_t kLarge = (kWidest / kBlockBuckets + 8) / 8 * 8 * sizeof(Bucket*) + 64;
  return blocks_for(buckets) <= kUsualBlocks ? kUsual : kLarge;
}

}  // namespace larder::types::detail
