#pragma once

// The searches within one node of a RankedTree.

#include "ranked_nodes.h"

namespace larder::types {

// The last child that can have members before the bound.
template <typename Bound>
unsigned RankedTree::child_for(const Inner& node, unsigned levels, const Bound& bound) const {
  unsigned low = 0;
  auto high = static_cast<unsigned>(node.count);
  while (high - low > 1) {
    const unsigned middle = (low + high) / 2;
    const int side = bound.side(node.least[middle]);
    const bool before =
        side != 0 ? side < 0 : bound.has_before(*first_below(node.children[middle], levels - 1));
    (before ? low : high) = middle;
  }
  return low;
}

// How many of the leaf's members are before the bound.
template <typename Leaf, typename Bound>
unsigned count_in(const Leaf& leaf, const Bound& bound) {
  unsigned low = 0;
  auto high = static_cast<unsigned>(leaf.count);
  while (low < high) {
    const unsigned middle = (low + high) / 2;
    if (bound.has_before(*leaf.members[middle])) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

// The position of a member that is in the leaf. Reads no member.
template <typename Leaf>
unsigned index_of(const Leaf& leaf, const RankedMember* member) {
  unsigned index = 0;
  while (leaf.members[index] != member) ++index;
  return index;
}

}  // namespace larder::types
