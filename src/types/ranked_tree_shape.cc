// The functions that change the shape of a RankedTree: inserting and erasing members, splitting and
// joining nodes.

#include <algorithm>
#include <cstring>
#include <new>

#include "larder/base/assert.h"
#include "larder/memory/heap.h"
#include "larder/types/ranked_tree.h"
#include "ranked_nodes.h"
#include "ranked_search.h"

namespace larder::types {
namespace {

constexpr auto kOwner = memory::Owner::sorted_sets;

template <typename T>
void open_gap(T* items, std::size_t count, std::size_t at) {
  std::memmove(items + at + 1, items + at, (count - at) * sizeof(T));
}

template <typename T>
void close_gap(T* items, std::size_t count, std::size_t at) {
  std::memmove(items + at, items + at + 1, (count - at - 1) * sizeof(T));
}

}  // namespace

template <typename Node>
Node* RankedTree::create() {
  auto* node = new (memory::allocate(kOwner, sizeof(Node))) Node;
  node->count = 0;
  bytes_ += memory::dataset_class(sizeof(Node));
  return node;
}

template <typename Node>
void RankedTree::free(Node* node, memory::Owner owner) {
  memory::release(owner, node, sizeof(Node));
  bytes_ -= memory::dataset_class(sizeof(Node));
}
template void RankedTree::free(Leaf*, memory::Owner);
template void RankedTree::free(Inner*, memory::Owner);

// Adds `change` to the counts on the way.
template <typename Bound>
RankedTree::Leaf* RankedTree::descend(const Bound& bound, Path& path, int change) {
  void* node = root_;
  for (unsigned i = 0; i < levels_; ++i) {
    auto* inner = static_cast<Inner*>(node);
    const unsigned child = child_for(*inner, levels_ - i, bound);
    inner->sizes[child] += static_cast<std::uint64_t>(static_cast<std::int64_t>(change));
    path.nodes[i] = inner;
    path.children[i] = child;
    node = inner->children[child];
  }
  return static_cast<Leaf*>(node);
}

RankedTree::Leaf* RankedTree::last_leaf(Path& path, int change) {
  void* node = root_;
  for (unsigned i = 0; i < levels_; ++i) {
    auto* inner = static_cast<Inner*>(node);
    const auto child = static_cast<unsigned>(inner->count) - 1;
    inner->sizes[child] += static_cast<std::uint64_t>(static_cast<std::int64_t>(change));
    path.nodes[i] = inner;
    path.children[i] = child;
    node = inner->children[child];
  }
  return static_cast<Leaf*>(node);
}

void RankedTree::insert(RankedMember* member) {
  Path path;
  if (root_ == nullptr) return append(member);
  const detail::MemberBound bound{member->score(), member->text()};
  Leaf* leaf = descend(bound, path, 1);
  insert_at(path, leaf, count_in(*leaf, bound), member);
}

void RankedTree::append(RankedMember* member) {
  Path path;
  if (root_ == nullptr) {
    auto* leaf = create<Leaf>();
    leaf->previous = leaf->next = nullptr;
    root_ = leaf;
  }
  Leaf* leaf = last_leaf(path, 1);
  insert_at(path, leaf, static_cast<unsigned>(leaf->count), member);
}

void RankedTree::insert_at(Path& path, Leaf* leaf, unsigned index, RankedMember* member) {
  ++size_;
  if (leaf->count < Leaf::kRoom) {
    open_gap(leaf->members, leaf->count++, index);
    leaf->members[index] = member;
    return;
  }
  const bool at_end = index == leaf->count && leaf->next == nullptr;
  add_child(path, split(leaf, index, member), at_end);
}

// Splits a full leaf and adds the member to one of the two; the other one is new. At both ends of
// the tree the member gets a leaf alone, because more members may follow it.
RankedTree::Child RankedTree::split(Leaf* leaf, unsigned index, RankedMember* member) {
  const bool at_end = index == leaf->count && leaf->next == nullptr;
  const bool at_start = index == 0 && leaf->previous == nullptr;
  const unsigned kept = at_end ? Leaf::kRoom : at_start ? 0 : Leaf::kRoom / 2;
  auto* right = create<Leaf>();
  right->count = leaf->count - kept;
  std::copy(leaf->members + kept, leaf->members + leaf->count, right->members);
  leaf->count = kept;
  right->previous = leaf;
  right->next = leaf->next;
  if (leaf->next != nullptr) leaf->next->previous = right;
  leaf->next = right;

  const bool to_right = index > kept || at_end;
  Leaf* target = to_right ? right : leaf;
  if (to_right) index -= kept;
  open_gap(target->members, target->count++, index);
  target->members[index] = member;
  return {right, right->count, right->members[0]->score()};
}

namespace {

template <typename Inner, typename Child>
void put_child(Inner* node, unsigned index, const Child& child) {
  open_gap(node->children, node->count, index);
  open_gap(node->sizes, node->count, index);
  open_gap(node->least, node->count, index);
  node->children[index] = child.node;
  node->sizes[index] = child.size;
  node->least[index] = child.least;
  ++node->count;
}

template <typename Inner>
void move_children(Inner* from, unsigned first, Inner* to) {
  const auto count = static_cast<unsigned>(from->count) - first;
  std::copy_n(from->children + first, count, to->children + to->count);
  std::copy_n(from->sizes + first, count, to->sizes + to->count);
  std::copy_n(from->least + first, count, to->least + to->count);
  to->count += count;
  from->count = first;
}

template <typename Inner>
std::uint64_t total(const Inner& node) {
  std::uint64_t sum = 0;
  for (unsigned i = 0; i < node.count; ++i) sum += node.sizes[i];
  return sum;
}

}  // namespace

RankedTree::Child RankedTree::split(Inner* node, unsigned index, const Child& fresh, bool at_end) {
  const unsigned kept = at_end ? Inner::kRoom : Inner::kRoom / 2;
  auto* right = create<Inner>();
  move_children(node, kept, right);
  if (index > kept || at_end) {
    put_child(right, index - kept, fresh);
  } else {
    put_child(node, index, fresh);
  }
  return {right, total(*right), right->least[0]};
}

// Adds a node that was split off the path's last child to the nodes above. The sizes on the path
// are those of both together.
void RankedTree::add_child(Path& path, Child fresh, bool at_end) {
  for (unsigned level = levels_; level-- > 0;) {
    Inner* node = path.nodes[level];
    const unsigned child = path.children[level];
    node->sizes[child] -= fresh.size;
    if (node->count < Inner::kRoom) return put_child(node, child + 1, fresh);
    fresh = split(node, child + 1, fresh, at_end);
  }
  LARDER_ASSERT(levels_ + 1 < Path::kMostLevels);
  auto* root = create<Inner>();
  put_child(root, 0, Child{root_, size_ - fresh.size, 0});
  put_child(root, 1, fresh);
  root_ = root;
  ++levels_;
}

void RankedTree::erase(const RankedMember* member) {
  Path path;
  Leaf* leaf = descend(detail::MemberBound{member->score(), member->text()}, path, -1);
  close_gap(leaf->members, leaf->count, index_of(*leaf, member));
  --leaf->count;
  --size_;
  if (leaf->count < Leaf::kLow) merge_small_nodes(path);
}

void RankedTree::move(RankedMember* member, double score) {
  Path path;
  const detail::MemberBound bound{member->score(), member->text()};
  const Leaf* leaf = descend(bound, path, 0);
  const unsigned index = index_of(*leaf, member);
  // If its new position is between its two neighbours in the leaf, it stays.
  const bool inside = index > 0 && index + 1 < leaf->count;
  if (inside && leaf->members[index - 1]->is_before(score, bound.text) &&
      !leaf->members[index + 1]->is_before(score, bound.text)) {
    return member->score(score);
  }
  erase(member);
  member->score(score);
  insert(member);
}

// A leaf has become small: merges it with a neighbour if both fit into one, and so on upwards.
void RankedTree::merge_small_nodes(Path& path) {
  for (unsigned level = levels_; level-- > 0;) {
    const bool leaves = level + 1 == levels_;
    if (!merge(path.nodes[level], path.children[level], leaves)) break;
    if (path.nodes[level]->count >= Inner::kLow) break;
  }
  lower_root();
}

// Whether the child, or its neighbour, was removed.
bool RankedTree::merge(Inner* parent, unsigned child, bool leaves) {
  const auto entries = [&](unsigned at) {
    return leaves ? parent->sizes[at] : static_cast<const Inner*>(parent->children[at])->count;
  };
  if (entries(child) == 0) {
    drop_child(parent, child, leaves);
    return true;
  }
  const std::uint64_t most = leaves ? Leaf::kJoined : Inner::kJoined;
  const std::uint64_t own = entries(child);
  if (child + 1 < parent->count && own + entries(child + 1) <= most) {
    join(parent, child, leaves);
    return true;
  }
  if (child > 0 && own + entries(child - 1) <= most) {
    join(parent, child - 1, leaves);
    return true;
  }
  return false;
}

// Moves all of the child after `left` into `left`.
void RankedTree::join(Inner* parent, unsigned left, bool leaves) {
  if (leaves) {
    auto* to = static_cast<Leaf*>(parent->children[left]);
    auto* from = static_cast<Leaf*>(parent->children[left + 1]);
    std::copy_n(from->members, from->count, to->members + to->count);
    to->count += from->count;
  } else {
    auto* to = static_cast<Inner*>(parent->children[left]);
    auto* from = static_cast<Inner*>(parent->children[left + 1]);
    from->least[0] = parent->least[left + 1];
    move_children(from, 0, to);
  }
  parent->sizes[left] += parent->sizes[left + 1];
  drop_child(parent, left + 1, leaves);
}

void RankedTree::drop_child(Inner* parent, unsigned child, bool leaves) {
  if (leaves) {
    auto* leaf = static_cast<Leaf*>(parent->children[child]);
    unlink(leaf);
    free(leaf, kOwner);
  } else {
    free(static_cast<Inner*>(parent->children[child]), kOwner);
  }
  close_gap(parent->children, parent->count, child);
  close_gap(parent->sizes, parent->count, child);
  close_gap(parent->least, parent->count, child);
  --parent->count;
}

void RankedTree::unlink(Leaf* leaf) {
  if (leaf->previous != nullptr) leaf->previous->next = leaf->next;
  if (leaf->next != nullptr) leaf->next->previous = leaf->previous;
}

// A root with one child is replaced by it; an empty one is removed.
void RankedTree::lower_root() {
  while (levels_ > 0 && static_cast<Inner*>(root_)->count <= 1) {
    auto* old = static_cast<Inner*>(root_);
    root_ = old->count == 1 ? old->children[0] : nullptr;
    free(old, kOwner);
    --levels_;
    if (root_ == nullptr) levels_ = 0;
  }
  if (levels_ == 0 && root_ != nullptr && static_cast<Leaf*>(root_)->count == 0) {
    free(static_cast<Leaf*>(root_), kOwner);
    root_ = nullptr;
  }
}

}  // namespace larder::types
