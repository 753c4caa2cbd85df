// Moving the blocks of a table: each is visited with the segment that it begins with.

#include "larder/types/table_core.h"
#include "table_blocks.h"

namespace larder::types::detail {

void Directory::relocate(memory::Owner owner, std::uint64_t position, memory::Mover& mover) {
  std::uint64_t* word = &root_;
  while (is_node(*word)) {
    const unsigned bits = node_bits(*word);
    std::uint64_t* words = words_of(*word);
    if (position == 0 && memory::offer(mover, owner, words, sizeof(std::uint64_t) << bits)) {
      *word = node_word(words, bits);
    }
    word = words + (position >> node_shift(*word));
    position <<= bits;
  }
}

void Roster::relocate(memory::Owner owner, std::uint32_t number, memory::Mover& mover) {
  if (is_flat()) {
    if (number == 0) memory::offer(mover, owner, page_, capacity_ * sizeof(Segment*));
    return;
  }
  if (number == 0) {
    memory::offer(mover, owner, pages_, index_bytes(capacity_ / kPage));
    // Pages that have no segment.
    for (std::uint32_t page = (size_ + kPage - 1) / kPage; page < capacity_ / kPage; ++page) {
      memory::offer(mover, owner, pages_[page], kPage * sizeof(Segment*));
    }
  }
  if (number % kPage == 0) {
    memory::offer(mover, owner, pages_[number / kPage], kPage * sizeof(Segment*));
  }
}

Segment* TableCore::relocate_header(memory::Owner owner, std::uint64_t start, std::uint64_t leaf,
                                    memory::Mover& mover) {
  Segment* segment = segment_of(leaf);
  if (segment == small()) return segment;
  const unsigned depth = depth_of(leaf);
  const std::uint32_t buckets = buckets_of(leaf);
  if (depth != 0) roster_.relocate(owner, segment->number, mover);
  const std::size_t bytes = header_bytes(buckets);
  if (memory::offer_aligned(mover, owner, segment, bytes, alignof(Bucket))) {
    if (depth != 0) roster_.replace(segment);
    directory_.assign(start, leaf_word(segment, depth, buckets));
  }
  return segment;
}

Place TableCore::relocate_blocks(memory::Owner owner, std::uint64_t position,
                                 memory::Mover& mover) {
  const std::uint64_t leaf = directory_.find(position);
  const std::uint64_t start = segment_start(locate(position), position);
  directory_.relocate(owner, start, mover);
  if (is_empty_leaf(leaf)) return locate(position);
  Segment* segment = relocate_header(owner, start, leaf, mover);
  const std::uint32_t buckets = segment->buckets;
  for (std::uint32_t i = 0; i < blocks_for(buckets); ++i) {
    const std::size_t bytes = block_buckets(buckets, i) * sizeof(Bucket);
    memory::offer_aligned(mover, owner, segment->blocks()[i], bytes, alignof(Bucket));
  }
  return locate(position);
}

// The header of a small table is in the object (build()).
void TableCore::relocated() {
  if (!directory_.is_single() || slots_ == 0) return;
  const std::uint32_t buckets = buckets_of(directory_.root());
  if (buckets <= kBlockBuckets) directory_.root() = leaf_word(small(), 0, buckets);
}

}  // namespace larder::types::detail
