#pragma once

// The nodes of a long list, in order. What a walk over many nodes needs (their blocks' addresses,
// elements and sizes) is stored apart from the blocks, in groups with the number of their elements:
// so an index is found by reading a few cache lines, and a block is freed without reading it.
//
//   first --> group <--> group <--> ... <--> last
//   group:    | neighbours: 16 | elements: 8 | nodes: 4 | room: 4 | node | node | ... |
//   node:     | block: 8 | elements: 4 | bytes of the block: 4 |
//
// A group has room for 2 nodes at first, and for 62 (1 KB) at most.

#include <cstddef>
#include <cstdint>

#include "larder/base/budget.h"
#include "larder/memory/ledger.h"
#include "larder/memory/mover.h"
#include "larder/types/list.h"
#include "larder/types/relocation.h"
#include "list_block.h"

namespace larder::types {

struct ListNode {
  ListBlock* block;
  std::uint32_t elements;
  std::uint32_t bytes;
};

struct NodeGroup {
  static constexpr std::uint32_t kLeastRoom = 2;
  static constexpr std::uint32_t kMostRoom = 62;

  NodeGroup* previous;
  NodeGroup* next;
  std::uint64_t elements;
  std::uint32_t size;
  std::uint32_t room;

  ListNode* nodes() { return reinterpret_cast<ListNode*>(this + 1); }
  static std::size_t bytes(std::uint32_t room) {
    return sizeof(NodeGroup) + room * sizeof(ListNode);
  }
  std::size_t bytes() const { return bytes(room); }
};
static_assert(sizeof(NodeGroup) == 32 && sizeof(ListNode) == 16);

class NodeChain {
 public:
  NodeChain() = default;
  NodeChain(const NodeChain&) = delete;
  NodeChain& operator=(const NodeChain&) = delete;

  // Places are invalid after insert() and erase(), except those that they return.
  using Place = NodePlace;

  std::size_t elements() const { return elements_; }
  std::size_t nodes() const { return nodes_; }
  // Blocks and groups, at the allocator's sizes.
  std::size_t footprint() const { return bytes_; }

  bool empty() const { return first_ == nullptr; }
  Place first() const { return {first_, 0}; }
  Place last() const { return last_ == nullptr ? Place{} : Place{last_, last_->size - 1}; }
  Place end(ListEnd end) const { return end == ListEnd::head ? first() : last(); }
  static Place after(Place place);
  static Place before(Place place);
  static const ListNode& node(Place place) { return place.group->nodes()[place.at]; }
  static ListBlock* block(Place place) { return node(place).block; }

  // The node of the element `index`, counted from the head; `index` becomes that in the node. Cost:
  // a step for each group between it and the nearer end, then for each node of its group.
  Place find(std::size_t& index) const;

  // Adopts a block as the node before `behind`, or as the last one if that is none.
  Place insert(Place behind, ListBlock* block);
  // The node has this block now, which has perhaps changed; frees nothing.
  void replace(Place place, ListBlock* block);
  // Frees the node; returns the one after it.
  Place erase(Place place);
  // Removes the only node; returns its block.
  ListBlock* release_only_block();
  // Frees nodes until the budget is spent; true if all are freed.
  bool destroy_some(memory::Owner owner, base::Budget& budget);

  // Nodes have consecutive numbers, modulo 2^32, so that a number stays that of its node while
  // nodes are added and removed at the ends.
  std::uint32_t first_number() const { return first_number_; }
  // Offers groups and blocks to the mover, from the node with the number `walk.position` on.
  void relocate_some(Relocation& walk, memory::Mover& mover, base::Budget& budget);

 private:
  // Neighbours that together have at most this many nodes are merged after a removal.
  static constexpr std::uint32_t kMerged = NodeGroup::kMostRoom / 2;

  NodeGroup* add_group(NodeGroup* previous, NodeGroup* next, std::uint32_t room);
  void remove_group(NodeGroup* group);
  NodeGroup* with_room(NodeGroup* group, std::uint32_t room);
  Place make_room(Place place);
  Place split(Place place);
  Place merge(NodeGroup* left, Place place);
  NodeGroup* relocate(NodeGroup* group, memory::Mover& mover);
  bool is_first(Place place) const { return place.group == first_ && place.at == 0; }
  static bool is_small(const NodeGroup* left);
  void uncount(NodeGroup* group, const ListNode& node);

  NodeGroup* first_ = nullptr;
  NodeGroup* last_ = nullptr;
  std::size_t elements_ = 0;
  std::size_t bytes_ = 0;
  std::uint32_t nodes_ = 0;
  std::uint32_t first_number_ = 0;
};

}  // namespace larder::types
