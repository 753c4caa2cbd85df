#include "node_chain.h"

#include <algorithm>
#include <cstring>

#include "larder/base/assert.h"
#include "larder/memory/heap.h"

namespace larder::types {
namespace {

constexpr auto kOwner = memory::Owner::lists;

// Moves `count` nodes; the ranges may overlap.
void move_nodes(ListNode* to, const ListNode* from, std::uint32_t count) {
  std::memmove(to, from, count * sizeof(ListNode));
}

}  // namespace

NodePlace NodeChain::after(Place place) {
  if (place.at + 1 < place.group->size) return {place.group, place.at + 1};
  return {place.group->next, 0};
}

NodePlace NodeChain::before(Place place) {
  if (place.at > 0) return {place.group, place.at - 1};
  NodeGroup* const group = place.group->previous;
  return group == nullptr ? Place{} : Place{group, group->size - 1};
}

NodePlace NodeChain::find(std::size_t& index) const {
  NodeGroup* group = first_;
  if (index < elements_ / 2) {
    for (; index >= group->elements; group = group->next) index -= group->elements;
  } else {
    std::size_t left = elements_ - index;  // from the element to the end
    for (group = last_; left > group->elements; group = group->previous) left -= group->elements;
    index = group->elements - left;
  }
  std::uint32_t at = 0;
  for (; index >= group->nodes()[at].elements; ++at) index -= group->nodes()[at].elements;
  return {group, at};
}

void NodeChain::uncount(NodeGroup* group, const ListNode& node) {
  elements_ -= node.elements;
  group->elements -= node.elements;
  bytes_ -= node.bytes;
}

NodeGroup* NodeChain::add_group(NodeGroup* previous, NodeGroup* next, std::uint32_t room) {
  auto* const group = static_cast<NodeGroup*>(memory::allocate(kOwner, NodeGroup::bytes(room)));
  *group = {.previous = previous, .next = next, .elements = 0, .size = 0, .room = room};
  (previous == nullptr ? first_ : previous->next) = group;
  (next == nullptr ? last_ : next->previous) = group;
  bytes_ += group->bytes();
  return group;
}

void NodeChain::remove_group(NodeGroup* group) {
  (group->previous == nullptr ? first_ : group->previous->next) = group->next;
  (group->next == nullptr ? last_ : group->next->previous) = group->previous;
  bytes_ -= group->bytes();
  memory::release(kOwner, group, group->bytes());
}

// The group with room for at least this many nodes; it may have moved.
NodeGroup* NodeChain::with_room(NodeGroup* group, std::uint32_t room) {
  if (group->room >= room) return group;
  std::uint32_t grown = group->room;
  while (grown < room) grown = 2 * grown + NodeGroup::kLeastRoom;
  NodeGroup* const larger = add_group(group, group->next, grown);
  move_nodes(larger->nodes(), group->nodes(), group->size);
  larger->size = group->size;
  larger->elements = group->elements;
  remove_group(group);
  return larger;
}

// A full group is split in halves; but at its ends another group begins, so that the groups of a
// list that grows at one end are full.
NodePlace NodeChain::split(Place place) {
  NodeGroup* const full = place.group;
  if (place.at == full->size) return {add_group(full, full->next, NodeGroup::kMostRoom), 0};
  if (place.at == 0) return {add_group(full->previous, full, NodeGroup::kMostRoom), 0};
  NodeGroup* const behind = add_group(full, full->next, NodeGroup::kMostRoom);
  const std::uint32_t kept = full->size / 2;
  for (std::uint32_t i = kept; i < full->size; ++i) behind->elements += full->nodes()[i].elements;
  full->elements -= behind->elements;
  behind->size = full->size - kept;
  full->size = kept;
  move_nodes(behind->nodes(), full->nodes() + kept, behind->size);
  return place.at <= kept ? place : Place{behind, place.at - kept};
}

NodePlace NodeChain::make_room(Place place) {
  if (place.group == nullptr) return {add_group(nullptr, nullptr, NodeGroup::kLeastRoom), 0};
  if (place.group->size == NodeGroup::kMostRoom) return split(place);
  return {with_room(place.group, place.group->size + 1), place.at};
}

NodePlace NodeChain::insert(Place behind, ListBlock* block) {
  if (behind.group == nullptr && last_ != nullptr) behind = {last_, last_->size};
  const Place place = make_room(behind);
  ListNode* const at = place.group->nodes() + place.at;
  move_nodes(at + 1, at, place.group->size - place.at);
  *at = {.block = nullptr, .elements = 0, .bytes = 0};
  ++place.group->size;
  if (nodes_++ > 0 && is_first(place)) --first_number_;
  replace(place, block);
  return place;
}

void NodeChain::replace(Place place, ListBlock* block) {
  ListNode& node = place.group->nodes()[place.at];
  const std::size_t elements = block->elements();
  const std::size_t bytes = block->footprint();
  place.group->elements += elements - node.elements;
  elements_ += elements - node.elements;
  bytes_ += bytes - node.bytes;
  node = {.block = block,
          .elements = static_cast<std::uint32_t>(elements),
          .bytes = static_cast<std::uint32_t>(bytes)};
}

bool NodeChain::is_small(const NodeGroup* left) {
  return left != nullptr && left->next != nullptr && left->size + left->next->size <= kMerged;
}

// Moves the nodes of the next group to this one; returns the node at `place`, which is in one of
// both or in none.
NodePlace NodeChain::merge(NodeGroup* left, Place place) {
  NodeGroup* const right = left->next;
  const std::uint32_t held = left->size;
  NodeGroup* const into = with_room(left, held + right->size);
  move_nodes(into->nodes() + held, right->nodes(), right->size);
  into->size += right->size;
  into->elements += right->elements;
  if (place.group == left) place.group = into;
  if (place.group == right) place = {into, held + place.at};
  remove_group(right);
  return place;
}

NodePlace NodeChain::erase(Place place) {
  NodeGroup* const group = place.group;
  const ListNode node = NodeChain::node(place);
  if (is_first(place)) ++first_number_;
  Place behind = after(place);
  if (behind.group == group) --behind.at;
  uncount(group, node);
  memory::release(kOwner, node.block, node.bytes);
  --nodes_;
  --group->size;
  ListNode* const at = group->nodes() + place.at;
  move_nodes(at, at + 1, group->size - place.at);
  if (group->size == 0) {
    remove_group(group);
    return behind;
  }
  if (is_small(group)) return merge(group, behind);
  return is_small(group->previous) ? merge(group->previous, behind) : behind;
}

ListBlock* NodeChain::release_only_block() {
  LARDER_ASSERT(nodes_ == 1);
  ListBlock* const block = NodeChain::block(first());
  uncount(first_, node(first()));
  nodes_ = 0;
  remove_group(first_);
  return block;
}

bool NodeChain::destroy_some(memory::Owner owner, base::Budget& budget) {
  while (first_ != nullptr) {
    while (first_->size > 0) {
      const ListNode& node = first_->nodes()[--first_->size];
      bytes_ -= node.bytes;
      memory::release(owner, node.block, node.bytes);
      if (budget.spent(32)) return false;
    }
    NodeGroup* const group = first_;
    first_ = group->next;
    bytes_ -= group->bytes();
    memory::release(owner, group, group->bytes());
  }
  return true;
}

NodeGroup* NodeChain::relocate(NodeGroup* group, memory::Mover& mover) {
  if (!memory::offer(mover, kOwner, group, group->bytes())) return group;
  (group->previous == nullptr ? first_ : group->previous->next) = group;
  (group->next == nullptr ? last_ : group->next->previous) = group;
  return group;
}

void NodeChain::relocate_some(Relocation& walk, memory::Mover& mover, base::Budget& budget) {
  constexpr std::uint32_t kStride = 32;
  // Below 0 if nodes before the position were removed at the head.
  const auto ahead =
      static_cast<std::int32_t>(static_cast<std::uint32_t>(walk.position) - first_number_);
  const std::uint32_t passed = ahead < 0 ? 0 : static_cast<std::uint32_t>(ahead);
  walk.position = first_number_ + passed;
  std::uint32_t at = passed;
  NodeGroup* group = first_;
  for (; group != nullptr && at >= group->size; group = group->next) at -= group->size;
  for (; group != nullptr; group = group->next, at = 0) {
    if (at == 0) group = relocate(group, mover);
    if (group->next != nullptr) base::prefetch(group->next);
    for (; at < group->size; ++at) {
      ListNode& node = group->nodes()[at];
      memory::offer(mover, kOwner, node.block, node.bytes);
      ++walk.position;
      if (budget.spent(kStride)) return;
    }
  }
  walk.done = true;
}

}  // namespace larder::types
