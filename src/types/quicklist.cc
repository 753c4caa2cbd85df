#include "quicklist.h"

#include <algorithm>
#include <new>

#include "larder/base/assert.h"

namespace larder::types {
namespace {

constexpr auto kOwner = memory::Owner::lists;
using Kind = ListBlock::Kind;

bool are_equal(NodePlace a, NodePlace b) { return a.group == b.group && a.at == b.at; }

}  // namespace

Quicklist::Quicklist(int depth) : depth_(static_cast<std::uint32_t>(std::max(depth, 0))) {}

Quicklist* Quicklist::create(int depth) {
  return new (memory::allocate(kOwner, sizeof(Quicklist))) Quicklist(depth);
}

Quicklist* Quicklist::copy(const Quicklist& other) {
  Quicklist* twin = create(static_cast<int>(other.depth_));
  Node ahead = other.chain_.first();
  for (Node node = ahead; node; node = NodeChain::after(node)) {
    if (ahead) ahead = NodeChain::after(ahead);
    if (ahead) block(ahead)->prefetch();
    twin->chain_.insert({}, ListBlock::copy(block(node)));
  }
  return twin;
}

bool Quicklist::destroy_some(Quicklist* list, memory::Owner owner, base::Budget& budget) {
  if (!list->chain_.destroy_some(owner, budget)) return false;
  memory::release(owner, list, sizeof(Quicklist));
  return true;
}

Quicklist* Quicklist::relocate_some(Quicklist* list, Relocation& walk, memory::Mover& mover,
                                    base::Budget& budget) {
  enum Part : std::uint8_t { kHead, kNodes };
  if (walk.part == kHead) {
    memory::offer(mover, kOwner, list, sizeof(Quicklist));
    walk.begin(kNodes);
    walk.position = list->chain_.first_number();
  }
  list->chain_.relocate_some(walk, mover, budget);
  return list;
}

ListBlock* Quicklist::release_only_block(Quicklist* list) {
  ListBlock* const block = list->chain_.release_only_block();
  LARDER_ASSERT(block->kind() == Kind::packed);
  memory::release(kOwner, list, sizeof(Quicklist));
  return block;
}

void Quicklist::enter(List::Cursor& cursor, std::int64_t index) const {
  const auto elements = static_cast<std::int64_t>(size());
  if (index < 0) index += elements;
  if (index < 0 || index >= elements) return;
  auto inside = static_cast<std::size_t>(index);
  const Node node = chain_.find(inside);
  // From the end of its node where that is nearer.
  const auto held = static_cast<std::int64_t>(NodeChain::node(node).elements);
  auto place = static_cast<std::int64_t>(inside);
  if (place > held / 2) place -= held;
  cursor.enter(node, place);
}

void Quicklist::open(Node node) {
  ListBlock* const before = block(node);
  if (before->kind() != Kind::compressed) return;
  chain_.replace(node, ListBlock::decompress(before));
  ListBlock::destroy(kOwner, before);
}

void Quicklist::compress(Node node) {
  ListBlock* const before = block(node);
  if (before->kind() != Kind::packed) return;
  ListBlock* const small = ListBlock::compress(before);
  if (small == nullptr) return;
  chain_.replace(node, small);
  ListBlock::destroy(kOwner, before);
}

// Whether a node is one of those at the ends.
bool Quicklist::stays_open(Node node) const {
  Node head = chain_.first();
  Node tail = chain_.last();
  for (std::uint32_t i = 0; i < depth_ && head; ++i) {
    if (are_equal(node, head) || are_equal(node, tail)) return true;
    head = NodeChain::after(head);
    tail = NodeChain::before(tail);
  }
  return false;
}

void Quicklist::settle(Node changed) {
  if (depth_ == 0 || chain_.empty()) return;
  if (changed) {
    for (const Node near : {NodeChain::before(changed), NodeChain::after(changed), changed}) {
      if (near && !stays_open(near)) compress(near);
    }
  }
  Node head = chain_.first();
  Node tail = chain_.last();
  for (std::uint32_t i = 0; i < depth_ && head; ++i) {
    open(head);
    open(tail);
    head = NodeChain::after(head);
    tail = NodeChain::before(tail);
  }
  if (!head || nodes() <= 2 * std::uint64_t{depth_}) return;
  const bool both = !are_equal(head, tail);
  compress(head);
  if (both) compress(tail);
}

}  // namespace larder::types
