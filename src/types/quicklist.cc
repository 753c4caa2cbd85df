#include "quicklist.h"

#include <algorithm>
#include <new>

#include "larder/base/assert.h"
#include "larder/base/prefetch.h"

namespace larder::types {
namespace {

constexpr auto kOwner = memory::Owner::lists;
using Kind = ListBlock::Kind;

// For walks, at the step from one node to the next: prefetches the node that is a few steps further
// if nodes are at equal distances, as those of a list that grew at one end mostly are. Otherwise
// the guess is wrong, which does no harm.
void prefetch_ahead(const ListNode* from, const ListNode* to) {
  constexpr std::intptr_t kSteps = 8;
  const auto at = reinterpret_cast<std::intptr_t>(to);
  const std::intptr_t distance = at - reinterpret_cast<std::intptr_t>(from);
  base::prefetch(reinterpret_cast<const void*>(at + kSteps * distance));
}

}  // namespace

Quicklist::Quicklist(int depth) : depth_(static_cast<std::uint32_t>(std::max(depth, 0))) {}

Quicklist* Quicklist::create(int depth) {
  return new (memory::allocate(kOwner, sizeof(Quicklist))) Quicklist(depth);
}

Quicklist* Quicklist::copy(const Quicklist& other) {
  Quicklist* twin = create(static_cast<int>(other.depth_));
  for (const ListNode* node = other.first_; node != nullptr; node = node->next) {
    prefetch_ahead(node, node->next);
    twin->link(as_node(ListBlock::copy(node)), twin->last_, nullptr);
  }
  twin->size_ = other.size_;
  return twin;
}

bool Quicklist::destroy_some(Quicklist* list, memory::Owner owner, base::Budget& budget) {
  while (list->first_ != nullptr) {
    ListNode* node = list->first_;
    list->first_ = node->next;
    prefetch_ahead(node, list->first_);
    list->bytes_ -= node->footprint();
    ListBlock::destroy(owner, node);
    if (list->first_ != nullptr && budget.spent(32)) return false;
  }
  memory::release(owner, list, sizeof(Quicklist));
  return true;
}

void Quicklist::adopt(ListBlock* block) {
  LARDER_ASSERT(first_ == nullptr);
  size_ = block->elements();
  link(as_node(ListBlock::convert(block, Kind::packed)), nullptr, nullptr);
}

ListBlock* Quicklist::give(Quicklist* list) {
  LARDER_ASSERT(list->nodes_ == 1 && list->first_->kind() == Kind::packed);
  ListBlock* block = ListBlock::convert(list->first_, Kind::sole);
  memory::release(kOwner, list, sizeof(Quicklist));
  return block;
}

void Quicklist::link(ListNode* node, ListNode* previous, ListNode* next) {
  node->previous = previous;
  node->next = next;
  (previous == nullptr ? first_ : previous->next) = node;
  (next == nullptr ? last_ : next->previous) = node;
  bytes_ += node->footprint();
  ++nodes_;
}

void Quicklist::unlink(ListNode* node) {
  (node->previous == nullptr ? first_ : node->previous->next) = node->next;
  (node->next == nullptr ? last_ : node->next->previous) = node->previous;
  bytes_ -= node->footprint();
  --nodes_;
  ListBlock::destroy(kOwner, node);
}

ListNode* Quicklist::exchange(const ListNode* before, std::size_t bytes, ListBlock* now) {
  ListNode* node = as_node(now);
  bytes_ = bytes_ - bytes + node->footprint();
  if (node != before) {
    (node->previous == nullptr ? first_ : node->previous->next) = node;
    (node->next == nullptr ? last_ : node->next->previous) = node;
  }
  return node;
}

ListNode* Quicklist::find(std::size_t& index) const {
  if (index < size_ / 2) {
    ListNode* node = first_;
    for (std::size_t held = node->elements(); index >= held; held = node->elements()) {
      index -= held;
      prefetch_ahead(node, node->next);
      node = node->next;
    }
    return node;
  }
  ListNode* node = last_;
  std::size_t left = size_ - index;  // from the element to the end
  for (std::size_t held = node->elements(); left > held; held = node->elements()) {
    left -= held;
    prefetch_ahead(node, node->previous);
    node = node->previous;
  }
  index = node->elements() - left;
  return node;
}

void Quicklist::enter(List::Cursor& cursor, std::int64_t index) const {
  if (index < 0) index += static_cast<std::int64_t>(size_);
  if (index < 0 || index >= static_cast<std::int64_t>(size_)) return;
  auto inside = static_cast<std::size_t>(index);
  const ListNode* node = find(inside);
  // From the end of its node where that is nearer.
  const auto held = static_cast<std::int64_t>(node->elements());
  auto place = static_cast<std::int64_t>(inside);
  if (place > held / 2) place -= held;
  cursor.enter(node, place);
}

ListNode* Quicklist::open(ListNode* node) {
  if (node->kind() != Kind::compressed) return node;
  auto* fresh = as_node(ListBlock::decompress(node));
  fresh->previous = node->previous;
  fresh->next = node->next;
  const std::size_t bytes = node->footprint();
  ListBlock::destroy(kOwner, node);
  return exchange(nullptr, bytes, fresh);
}

void Quicklist::compress(ListNode* node) {
  if (node->kind() != Kind::packed) return;
  ListBlock* small = ListBlock::compress(node);
  if (small == nullptr) return;
  as_node(small)->previous = node->previous;
  as_node(small)->next = node->next;
  const std::size_t bytes = node->footprint();
  ListBlock::destroy(kOwner, node);
  exchange(nullptr, bytes, small);
}

// Whether a node is one of those at the ends.
bool Quicklist::stays_open(const ListNode* node) const {
  const ListNode* head = first_;
  const ListNode* tail = last_;
  for (std::uint32_t i = 0; i < depth_ && head != nullptr; ++i) {
    if (node == head || node == tail) return true;
    head = head->next;
    tail = tail->previous;
  }
  return false;
}

void Quicklist::settle(ListNode* changed) {
  if (depth_ == 0 || first_ == nullptr) return;
  if (changed != nullptr) {
    for (ListNode* near : {changed->previous, changed->next, changed}) {
      if (near != nullptr && !stays_open(near)) compress(near);
    }
  }
  ListNode* head = first_;
  ListNode* tail = last_;
  for (std::uint32_t i = 0; i < depth_ && head != nullptr; ++i) {
    const bool same = head == tail;
    head = open(head);
    tail = same ? head : open(tail);
    head = head->next;
    tail = tail->previous;
  }
  if (head == nullptr || nodes_ <= 2 * std::uint64_t{depth_}) return;
  const bool both = head != tail;
  compress(head);
  if (both) compress(tail);
}

}  // namespace larder::types
