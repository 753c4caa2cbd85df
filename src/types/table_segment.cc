// The blocks of a segment: allocating them, freeing them, placing entries in them.

#include <algorithm>
#include <cstring>

#include "larder/base/assert.h"
#include "larder/types/table_core.h"
#include "table_blocks.h"
#include "table_scratch.h"

namespace larder::types::detail {
namespace {

Segment* new_header(Account account, std::uint32_t buckets) {
  return static_cast<Segment*>(account.allocate_lines(header_bytes(buckets)));
}

}  // namespace

Bucket* TableCore::new_block(const ElementPlan& plan, std::uint32_t buckets) {
  const std::size_t bytes = buckets * sizeof(Bucket);
  void* block = account(plan).allocate_lines(bytes);
  std::memset(block, 0, bytes);
  return static_cast<Bucket*>(block);
}

void TableCore::release_block(const ElementPlan& plan, Bucket* block, std::uint32_t buckets) {
  account(plan).release_lines(block, buckets * sizeof(Bucket));
}

void TableCore::release_header(const ElementPlan& plan, Segment* segment, std::uint32_t buckets) {
  if (segment != small()) account(plan).release_lines(segment, header_bytes(buckets));
}

std::uint64_t TableCore::build(const ElementPlan& plan, unsigned depth, std::uint32_t buckets) {
  const bool alone = depth == 0;
  Segment* segment =
      alone && buckets <= kBlockBuckets ? small() : new_header(account(plan), buckets);
  segment->size = 0;
  segment->buckets = static_cast<std::uint16_t>(buckets);
  for (std::uint32_t i = 0; i < blocks_for(buckets); ++i) {
    segment->blocks()[i] = new_block(plan, block_buckets(buckets, i));
  }
  slots_ += std::uint64_t{buckets} * kBucketSlots;
  widest_ = std::max(widest_, buckets);
  if (!alone) roster_.add(account(plan), segment);
  return leaf_word(segment, depth, buckets);
}

// The same header, or another one where that of `buckets` is of another size.
Segment* TableCore::fit_header(const ElementPlan& plan, std::uint64_t leaf, std::uint32_t buckets) {
  Segment* old = segment_of(leaf);
  const bool alone = depth_of(leaf) == 0;
  const bool fits_small = alone && buckets <= kBlockBuckets;
  const std::uint32_t before = buckets_of(leaf);
  if (fits_small == (old == small()) && header_bytes(before) == header_bytes(buckets)) return old;
  Segment* segment = fits_small ? small() : new_header(account(plan), buckets);
  const std::uint32_t blocks = std::min(blocks_for(before), blocks_for(buckets));
  std::memcpy(static_cast<void*>(segment), old, sizeof(Segment) + blocks * sizeof(Bucket*));
  if (!alone) roster_.replace(segment);
  return segment;
}

// Gives a segment another number of buckets, all of them empty. Common blocks stay.
std::uint64_t TableCore::rebuild(const ElementPlan& plan, std::uint64_t leaf,
                                 std::uint32_t buckets) {
  LARDER_ASSERT(buckets <= kWidest);
  const std::uint32_t before = buckets_of(leaf);
  Segment* old = segment_of(leaf);
  Segment* segment = fit_header(plan, leaf, buckets);
  const std::uint32_t most = std::max(blocks_for(before), blocks_for(buckets));
  for (std::uint32_t i = 0; i < most; ++i) {
    const std::uint32_t had = block_buckets(before, i);
    const std::uint32_t wanted = block_buckets(buckets, i);
    Bucket* block = had > 0 ? old->blocks()[i] : nullptr;
    if (had == wanted) {
      std::memset(static_cast<void*>(block), 0, had * sizeof(Bucket));
    } else {
      if (had > 0) release_block(plan, block, had);
      block = wanted > 0 ? new_block(plan, wanted) : nullptr;
    }
    if (wanted > 0) segment->blocks()[i] = block;
  }
  segment->size = 0;
  segment->buckets = static_cast<std::uint16_t>(buckets);
  if (segment != old) release_header(plan, old, before);
  slots_ += std::uint64_t{buckets} * kBucketSlots;
  slots_ -= std::uint64_t{before} * kBucketSlots;
  widest_ = std::max(widest_, buckets);
  return leaf_word(segment, depth_of(leaf), buckets);
}

void TableCore::destroy(const ElementPlan& plan, std::uint64_t leaf) {
  if (is_empty_leaf(leaf)) return;
  Segment* segment = segment_of(leaf);
  if (depth_of(leaf) != 0) roster_.remove(account(plan), segment);
  release_segment(plan, segment);
}

void TableCore::release_segment(const ElementPlan& plan, Segment* segment) {
  const std::uint32_t buckets = segment->buckets;
  for (std::uint32_t i = 0; i < blocks_for(buckets); ++i) {
    release_block(plan, segment->blocks()[i], block_buckets(buckets, i));
  }
  slots_ -= std::uint64_t{buckets} * kBucketSlots;
  release_header(plan, segment, buckets);
}

// Places the gathered entries into a segment of empty buckets.
void TableCore::fill(std::uint64_t leaf, Scratch& scratch) {
  std::uint8_t used_slots[kWidest] = {};
  const std::uint32_t buckets = buckets_of(leaf);
  Segment* segment = segment_of(leaf);
  for (std::size_t n = 0; n < scratch.size(); ++n) {
    const std::uint64_t slot = scratch.slots()[n];
    auto index = static_cast<std::uint32_t>(((slot >> 48) * buckets) >> 16);
    while (used_slots[index] == kBucketSlots) {
      segment->bucket(index)->pass();
      if (++index == buckets) index = 0;
    }
    Bucket* bucket = segment->bucket(index);
    bucket->slots[used_slots[index]] = slot;
    bucket->tags[used_slots[index]] = scratch.tags()[n];
    ++used_slots[index];
  }
  segment->size = static_cast<std::uint16_t>(scratch.size());
  moved_ += scratch.size();
}

void TableCore::drop_last_block(const ElementPlan& plan, Segment* segment) {
  const std::uint32_t last = blocks_for(segment->buckets) - 1;
  const std::uint32_t dropped = block_buckets(segment->buckets, last);
  release_block(plan, segment->blocks()[last], dropped);
  slots_ -= std::uint64_t{dropped} * kBucketSlots;
  const std::uint32_t before = segment->buckets;
  segment->buckets = static_cast<std::uint16_t>(before - dropped);
  if (segment->buckets == 0) {
    if (!directory_.is_single()) roster_.remove(account(plan), segment);
    release_header(plan, segment, before);
    return;
  }
  if (header_bytes(before) == header_bytes(segment->buckets)) return;
  // The size of a header follows from its buckets.
  const unsigned depth = directory_.is_single() ? 0 : 1;
  Segment* narrow = fit_header(plan, leaf_word(segment, depth, before), segment->buckets);
  if (depth == 0) directory_.root() = leaf_word(narrow, 0, narrow->buckets);
  release_header(plan, segment, before);
}

// When no segment is left: the directory, a part at a time.
bool TableCore::free_directory_in_steps(const ElementPlan& plan) {
  LARDER_ASSERT(size_ == 0);
  if (directory_.is_single()) {
    release_all(plan);
    return false;
  }
  freed_in_steps_ = directory_.release_some(account(plan), freed_in_steps_);
  return true;
}

void TableCore::release_all(const ElementPlan& plan) {
  if (directory_.is_single()) {
    if (slots_ != 0) release_segment(plan, segment_of(directory_.root()));
  }
  while (roster_.size() > 0) {
    Segment* segment = roster_.last();
    roster_.remove(account(plan), segment);
    release_segment(plan, segment);
  }
  do {
    freed_in_steps_ = directory_.release_some(account(plan), freed_in_steps_);
  } while (freed_in_steps_ != 0);
  LARDER_ASSERT(slots_ == 0 && bytes_ == 0);
  const std::uint64_t moved = moved_;
  become_empty();
  moved_ = moved;
}

}  // namespace larder::types::detail
