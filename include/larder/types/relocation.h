#pragma once

// The position of a walk that moves the blocks of one value (TypeRow::relocate_some).

#include <cstdint>

namespace larder::types {

// A walk starts with {}. Only the type of the value gives meaning to the members but `done`. Any
// position is allowed for any value of any encoding, so the value may change, or be replaced,
// between two steps. What a walk reaches then:
//
//   hash, set       each block that was there from the start to the end
//   sorted set      the same; but nodes of the tree are passed by the rank of their members, so
//   some
//                   are missed if more members before the position were removed than added
//   list            the same; but nodes are counted from the head, so one is missed for each node
//                   before the position that was removed elsewhere than at the head
//   stream          the same; but changes of the lists of groups and consumers can make the walk
//                   miss, for each change, those of one leaf of the list
struct Relocation {
  // In an index of names (name_index.h).
  struct NamePlace {
    std::uint32_t leaf = 0;
    std::uint32_t at = 0;
  };

  bool done = false;
  // The kind of blocks that follow.
  std::uint8_t part = 0;
  // In the order of that part: a cursor of a table, a rank, the number of a node, or a stream's id.
  std::uint64_t position = 0;
  std::uint64_t sequence = 0;
  NamePlace group;
  NamePlace consumer;

  // Continues with another kind of blocks.
  void begin(std::uint8_t next_part) {
    part = next_part;
    position = sequence = 0;
  }
};

}  // namespace larder::types
