#pragma once

// The header of a segment of the hash table, and the words of the directory that lead to it.
// Part of table.h, which explains the layout; nothing else includes it.

#include <cstddef>
#include <cstdint>

#include "larder/memory/heap.h"
#include "larder/memory/mover.h"
#include "larder/types/table_bucket.h"

namespace larder::types::detail {

// Counts what a table holds, and charges it to its owner.
class Account {
 public:
  Account(memory::Owner owner, std::uint64_t& bytes) : owner_(owner), bytes_(bytes) {}

  void* allocate(std::size_t bytes) {
    bytes_ += memory::size_class(owner_, bytes);
    return memory::allocate(owner_, bytes);
  }
  void release(void* block, std::size_t bytes) {
    bytes_ -= memory::size_class(owner_, bytes);
    memory::release(owner_, block, bytes);
  }
  // Whole cache lines; `bytes` is a multiple of one.
  void* allocate_lines(std::size_t bytes) {
    bytes_ += memory::size_class(owner_, bytes);
    return memory::allocate_aligned(owner_, bytes, alignof(Bucket));
  }
  void release_lines(void* block, std::size_t bytes) {
    bytes_ -= memory::size_class(owner_, bytes);
    memory::release_aligned(owner_, block, bytes, alignof(Bucket));
  }
  memory::Owner owner() const { return owner_; }

 private:
  memory::Owner owner_;
  std::uint64_t& bytes_;
};

// The addresses of the segment's blocks follow it, one for each 8 buckets.
struct Segment {
  std::uint16_t size;
  std::uint16_t buckets;
  // Its place in the roster.
  std::uint32_t number;

  Bucket** blocks() { return reinterpret_cast<Bucket**>(this + 1); }
  Bucket* const* blocks() const { return reinterpret_cast<Bucket* const*>(this + 1); }
  Bucket* bucket(std::uint32_t index) const {
    return blocks()[index / kBlockBuckets] + index % kBlockBuckets;
  }
};
static_assert(sizeof(Segment) == sizeof(Bucket*));

// A segment of up to one block.
struct SmallSegment {
  Segment head;
  Bucket* block;
};

// The segment of an empty table: it is full, so that an insertion creates a real segment first.
struct EmptySegment {
  Segment head;
  const Bucket* block;
};
inline constexpr EmptySegment kEmptySegment{{0xffff, 1, 0}, &kNoEntries};

// A word of the directory leads to a segment or to a node of further words.
//
//   segment | 0 | depth: 5 bits | buckets: 10 bits | address: 48 bits |
//   node    | 1 | 0             | 64 less the bits | address: 48 bits |
inline constexpr unsigned kDeepest = 31;
inline constexpr std::uint32_t kWidest = 1023;
inline constexpr std::uint64_t kNodeMark = std::uint64_t{1} << 63;

inline bool is_node(std::uint64_t word) { return (word & kNodeMark) != 0; }

inline std::uint64_t leaf_word(const Segment* segment, unsigned depth, std::uint32_t buckets) {
  return pack(segment, (depth << 10) | buckets);
}
inline std::uint64_t empty_leaf(unsigned depth) { return leaf_word(&kEmptySegment.head, depth, 1); }
inline bool is_empty_leaf(std::uint64_t word) { return pointer_of(word) == &kEmptySegment.head; }
inline unsigned depth_of(std::uint64_t leaf) { return static_cast<unsigned>(leaf >> 58); }
inline std::uint32_t buckets_of(std::uint64_t leaf) {
  return static_cast<std::uint32_t>(leaf >> 48) & kWidest;
}
inline Segment* segment_of(std::uint64_t leaf) { return static_cast<Segment*>(pointer_of(leaf)); }

inline std::uint64_t node_word(const std::uint64_t* words, unsigned bits) {
  return pack(words, 64 - bits) | kNodeMark;
}
inline unsigned node_shift(std::uint64_t node) { return static_cast<unsigned>(node >> 48) & 63; }
inline unsigned node_bits(std::uint64_t node) { return 64 - node_shift(node); }
inline std::uint64_t* words_of(std::uint64_t node) {
  return static_cast<std::uint64_t*>(pointer_of(node));
}

}  // namespace larder::types::detail
