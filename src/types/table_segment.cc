// The blocks of a segment: taking them, giving them back, laying entries out in them.

#include <algorithm>
#include <cstring>

#include "larder/base/assert.h"
#include "larder/types/table_core.h"
#include "table_scratch.h"

namespace larder::types::detail {
namespace {

std::uint32_t blocks_for(std::uint32_t buckets) {
  return (buckets + kBlockBuckets - 1) / kBlockBuckets;
}

// Buckets in block `index` of a segment of `buckets`: all blocks but the last are whole.
std::uint32_t block_buckets(std::uint32_t buckets, std::uint32_t index) {
  return std::min(kBlockBuckets, buckets - index * kBlockBuckets);
}

// One word for the counts and one for each block, with room up to the usual 15 blocks.
std::size_t header_bytes(std::uint32_t buckets) {
  const std::size_t words = 1 + blocks_for(buckets);
  return (words + 15) / 16 * 16 * sizeof(std::uint64_t);
}

bool has_small_header(std::uint32_t buckets) { return buckets <= kBlockBuckets; }

std::uint64_t entry_of(const std::uint64_t* segment, std::uint32_t buckets) {
  LARDER_ASSERT(buckets <= 0xffff);
  return pack(segment, buckets);
}

void set_counts(std::uint64_t* segment, std::uint64_t size, std::uint64_t buckets) {
  segment[0] = size | (buckets << 32);
}

}  // namespace

Bucket* TableCore::new_block(const ElementPlan& plan, std::uint32_t buckets) {
  const std::size_t bytes = buckets * sizeof(Bucket);
  void* block = memory::allocate_aligned(plan.owner, bytes, alignof(Bucket));
  std::memset(block, 0, bytes);
  bytes_ += memory::size_class(bytes);
  return static_cast<Bucket*>(block);
}

void TableCore::release_block(const ElementPlan& plan, Bucket* block, std::uint32_t buckets) {
  const std::size_t bytes = buckets * sizeof(Bucket);
  bytes_ -= memory::size_class(bytes);
  memory::release_aligned(plan.owner, block, bytes, alignof(Bucket));
}

std::uint64_t* TableCore::new_header(const ElementPlan& plan, std::uint32_t buckets) {
  if (has_small_header(buckets)) return small_;
  const std::size_t bytes = header_bytes(buckets);
  bytes_ += memory::size_class(bytes);
  return static_cast<std::uint64_t*>(memory::allocate_aligned(plan.owner, bytes, alignof(Bucket)));
}

void TableCore::release_header(const ElementPlan& plan, std::uint64_t* header,
                               std::uint32_t buckets) {
  if (header == small_) return;
  const std::size_t bytes = header_bytes(buckets);
  bytes_ -= memory::size_class(bytes);
  memory::release_aligned(plan.owner, header, bytes, alignof(Bucket));
}

std::uint64_t TableCore::build(const ElementPlan& plan, std::uint32_t buckets) {
  std::uint64_t* segment = new_header(plan, buckets);
  set_counts(segment, 0, buckets);
  for (std::uint32_t i = 0; i < blocks_for(buckets); ++i) {
    segment[1 + i] = reinterpret_cast<std::uintptr_t>(new_block(plan, block_buckets(buckets, i)));
  }
  slots_ += std::uint64_t{buckets} * kBucketSlots;
  widest_ = std::max(widest_, buckets);
  return entry_of(segment, buckets);
}

// Gives a segment another number of buckets, all of them empty. Blocks that both have stay.
void TableCore::rebuild(const ElementPlan& plan, std::uint64_t& entry, std::uint32_t buckets) {
  const std::uint32_t before = buckets_of(entry);
  std::uint64_t* old = segment_of(entry);
  std::uint64_t* segment = old;
  const bool moves = has_small_header(before) != has_small_header(buckets) ||
                     header_bytes(before) != header_bytes(buckets);
  if (moves) segment = new_header(plan, buckets);
  const std::uint32_t most = std::max(blocks_for(before), blocks_for(buckets));
  for (std::uint32_t i = 0; i < most; ++i) {
    const std::uint32_t had = i < blocks_for(before) ? block_buckets(before, i) : 0;
    const std::uint32_t wanted = i < blocks_for(buckets) ? block_buckets(buckets, i) : 0;
    Bucket* block = had > 0 ? bucket_at(old, i * kBlockBuckets) : nullptr;
    if (had == wanted) {
      std::memset(static_cast<void*>(block), 0, had * sizeof(Bucket));
    } else {
      if (had > 0) release_block(plan, block, had);
      block = wanted > 0 ? new_block(plan, wanted) : nullptr;
    }
    if (wanted > 0) segment[1 + i] = reinterpret_cast<std::uintptr_t>(block);
  }
  set_counts(segment, 0, buckets);
  if (moves) release_header(plan, old, before);
  slots_ += std::uint64_t{buckets} * kBucketSlots;
  slots_ -= std::uint64_t{before} * kBucketSlots;
  widest_ = std::max(widest_, buckets);
  entry = entry_of(segment, buckets);
}

void TableCore::destroy(const ElementPlan& plan, std::uint64_t entry) {
  std::uint64_t* segment = segment_of(entry);
  // Fewer than the directory says when take_apart() has begun on this segment.
  const auto buckets = static_cast<std::uint32_t>(segment[0] >> 32);
  for (std::uint32_t i = 0; i < blocks_for(buckets); ++i) {
    release_block(plan, bucket_at(segment, i * kBlockBuckets), block_buckets(buckets, i));
  }
  release_header(plan, segment, buckets_of(entry));
  slots_ -= std::uint64_t{buckets} * kBucketSlots;
}

// Places what was gathered into a segment of empty buckets.
void TableCore::fill(std::uint64_t entry, Scratch& scratch) {
  static constexpr std::uint32_t kUsualBuckets = 256;
  std::uint8_t usual[kUsualBuckets] = {};
  const std::uint32_t buckets = buckets_of(entry);
  std::uint64_t* segment = segment_of(entry);
  const bool counted = buckets <= kUsualBuckets;
  for (std::size_t n = 0; n < scratch.size(); ++n) {
    const std::uint64_t slot = scratch.slots()[n];
    auto index = static_cast<std::uint32_t>(((slot >> 48) * buckets) >> 16);
    for (;;) {
      Bucket* bucket = bucket_at(segment, index);
      const unsigned used =
          counted ? usual[index] : static_cast<unsigned>(std::popcount(bucket->occupied()));
      if (used < kBucketSlots) {
        bucket->slots[used] = slot;
        bucket->tags[used] = scratch.tags()[n];
        if (counted) ++usual[index];
        break;
      }
      bucket->pass();
      if (++index == buckets) index = 0;
    }
  }
  set_counts(segment, scratch.size(), buckets);
  moved_ += scratch.size();
}

// Brings a segment to `buckets`, or to as many as its entries need if that is more.
void TableCore::resize(const ElementPlan& plan, std::uint64_t& entry, std::uint32_t buckets) {
  if (buckets == buckets_of(entry)) return;
  Scratch scratch(plan.owner, segment_size(segment_of(entry)));
  scratch.gather(
      entry, [](std::uint64_t) { return true; }, [](std::uint64_t slot) { return slot; });
  rebuild(plan, entry, buckets);
  fill(entry, scratch);
}

void TableCore::drop_last_block(const ElementPlan& plan, std::uint64_t* segment) {
  const auto buckets = static_cast<std::uint32_t>(segment[0] >> 32);
  const std::uint32_t last = last_block(segment);
  const std::uint32_t dropped = block_buckets(buckets, last);
  release_block(plan, bucket_at(segment, last * kBlockBuckets), dropped);
  slots_ -= std::uint64_t{dropped} * kBucketSlots;
  set_counts(segment, 0, buckets - dropped);
  if (buckets == dropped) {
    std::uint64_t& entry = segment_entry(segments() - 1 - taken_apart_);
    release_header(plan, segment, buckets_of(entry));
    entry = 0;
    ++taken_apart_;
  }
  if (slots_ != 0) return;
  LARDER_ASSERT(size_ == 0);
  release_all(plan);
}

}  // namespace larder::types::detail
