#pragma once

// The directory of the hash table: finds the segment that a position belongs to. Part of
// table.h; nothing else includes it.
//
//   root word --> node of 2^12 words --> node of 2^6 words --> node ...
//                  |                      |
//                  v                      v
//                 segment                segment
//
// A tree of small arrays, so that no large array is copied, and depth in one place does not affect
// others. A node is indexed by the next bits of the position; a segment that is less deep than its
// node is in several adjacent words. A node has no more bits than its deepest segment needs: at
// most 12 for the first one and 6 for those below it.

#include <cstdint>

#include "larder/types/table_segment.h"

namespace larder::types::detail {

class Directory {
 public:
  // The word of the segment that holds this position.
  std::uint64_t find(std::uint64_t position) const {
    std::uint64_t word = root_;
    if (!is_node(word)) return word;
    for (;;) {
      const unsigned shift = node_shift(word);
      word = words_of(word)[position >> shift];
      if (!is_node(word)) return word;
      position <<= 64 - shift;
    }
  }
  // Whether the table has one segment.
  bool is_single() const { return !is_node(root_); }
  std::uint64_t& root() { return root_; }
  std::uint64_t root() const { return root_; }

  // Replaces the segment of this position by `leaf`, which has the same depth.
  void assign(std::uint64_t position, std::uint64_t leaf);
  // Replaces the segment of this position by two halves.
  void split(Account account, std::uint64_t position, std::uint64_t lower, std::uint64_t upper);
  // Replaces the two halves of this position by one segment.
  void merge(Account account, std::uint64_t position, std::uint64_t whole);

  // Offers the nodes whose first position this is to the mover.
  void relocate(memory::Owner owner, std::uint64_t position, memory::Mover& mover);

  // Releases nodes but no segments: a few of them, from word `first` of the first node on. Returns
  // the position to continue from, or 0 when nothing is left.
  std::uint32_t release_some(Account account, std::uint32_t first);

 private:
  // The last node on the way to a position and the word that leads to it (null when there is
  // none), the depths where the node begins and ends, and the word of the segment.
  struct Way {
    std::uint64_t* node = nullptr;
    unsigned begin = 0;
    unsigned end = 0;
    std::uint64_t* leaf = nullptr;
  };
  Way way_to(std::uint64_t position);
  void deepen(Account account, const Way& way);
  void flatten(Account account, const Way& way);

  std::uint64_t root_ = empty_leaf(0);
};

}  // namespace larder::types::detail
