// Moving the nodes of a RankedTree, and its members.

#include "larder/memory/mover.h"
#include "larder/types/ranked_tree.h"
#include "ranked_nodes.h"
#include "ranked_search.h"

namespace larder::types {
namespace {

constexpr auto kOwner = memory::Owner::sorted_sets;

}  // namespace

RankedMember*& RankedTree::pointer_to(const RankedMember* member) {
  const detail::MemberBound bound{member->score(), member->text()};
  void* node = root_;
  for (unsigned level = levels_; level > 0; --level) {
    auto* inner = static_cast<Inner*>(node);
    node = inner->children[child_for(*inner, level, bound)];
  }
  auto* leaf = static_cast<Leaf*>(node);
  return leaf->members[index_of(*leaf, member)];
}

std::size_t RankedTree::relocate_leaf(std::size_t rank, memory::Mover& mover) {
  void** node = &root_;
  std::size_t before = rank;  // members of the node before the one with this rank
  std::size_t members = size_;
  for (unsigned level = levels_; level > 0; --level) {
    if (before == 0) memory::offer(mover, kOwner, *node, sizeof(Inner));
    auto* inner = static_cast<Inner*>(*node);
    unsigned child = 0;
    while (before >= inner->sizes[child]) before -= inner->sizes[child++];
    members = inner->sizes[child];
    node = &inner->children[child];
  }
  if (memory::offer(mover, kOwner, *node, sizeof(Leaf))) {
    auto* leaf = static_cast<Leaf*>(*node);
    if (leaf->previous != nullptr) leaf->previous->next = leaf;
    if (leaf->next != nullptr) leaf->next->previous = leaf;
  }
  return rank + members - before;
}

}  // namespace larder::types
