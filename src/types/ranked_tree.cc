// Searches in a RankedTree, and allocation of its nodes. ranked_tree_shape.cc has the functions
// that change its shape.

#include "larder/types/ranked_tree.h"

#include <new>

#include "larder/base/assert.h"
#include "larder/memory/heap.h"
#include "ranked_nodes.h"
#include "ranked_search.h"

namespace larder::types {
namespace {

constexpr unsigned kAhead = 6;

}  // namespace

RankedMember* RankedTree::Place::member() const { return leaf_->members[index_]; }

void RankedTree::Place::next() {
  if (++index_ + kAhead < leaf_->count) __builtin_prefetch(leaf_->members[index_ + kAhead]);
  if (index_ < leaf_->count) return;
  leaf_ = leaf_->next;
  index_ = 0;
  if (leaf_ != nullptr && leaf_->next != nullptr) __builtin_prefetch(leaf_->next);
}

void RankedTree::Place::previous() {
  if (index_ > 0) {
    if (--index_ >= kAhead) __builtin_prefetch(leaf_->members[index_ - kAhead]);
    return;
  }
  leaf_ = leaf_->previous;
  if (leaf_ != nullptr) index_ = static_cast<unsigned>(leaf_->count) - 1;
}

RankedTree::~RankedTree() { LARDER_ASSERT(root_ == nullptr); }

const RankedMember* RankedTree::first_below(const void* node, unsigned levels) const {
  for (; levels > 0; --levels) node = static_cast<const Inner*>(node)->children[0];
  return static_cast<const Leaf*>(node)->members[0];
}

RankedTree::Place RankedTree::at(std::size_t rank) const {
  if (rank >= size_) return {};
  const void* node = root_;
  for (unsigned level = levels_; level > 0; --level) {
    const auto* inner = static_cast<const Inner*>(node);
    unsigned child = 0;
    while (rank >= inner->sizes[child]) rank -= inner->sizes[child++];
    node = inner->children[child];
  }
  return {static_cast<const Leaf*>(node), static_cast<unsigned>(rank)};
}

std::size_t RankedTree::rank(const RankedMember* member) const {
  const detail::MemberBound bound{member->score(), member->text()};
  std::size_t before = 0;
  const void* node = root_;
  for (unsigned level = levels_; level > 0; --level) {
    const auto* inner = static_cast<const Inner*>(node);
    const unsigned child = child_for(*inner, level, bound);
    for (unsigned i = 0; i < child; ++i) before += inner->sizes[i];
    node = inner->children[child];
  }
  return before + index_of(*static_cast<const Leaf*>(node), member);
}

template <typename Bound>
std::size_t RankedTree::count_where(const Bound& bound) const {
  if (root_ == nullptr) return 0;
  std::size_t before = 0;
  const void* node = root_;
  for (unsigned level = levels_; level > 0; --level) {
    const auto* inner = static_cast<const Inner*>(node);
    const unsigned child = child_for(*inner, level, bound);
    for (unsigned i = 0; i < child; ++i) before += inner->sizes[i];
    node = inner->children[child];
  }
  return before + count_in(*static_cast<const Leaf*>(node), bound);
}

std::size_t RankedTree::count_before(double score, Equal equal) const {
  return count_where(detail::ScoreBound{score, equal == Equal::before});
}

std::size_t RankedTree::count_before(std::string_view text, Equal equal) const {
  return count_where(detail::TextBound{text, equal == Equal::before});
}

void RankedTree::free_last(void*& node, unsigned levels, memory::Owner owner) {
  if (levels == 0) {
    free(static_cast<Leaf*>(node), owner);
    node = nullptr;
    return;
  }
  auto* inner = static_cast<Inner*>(node);
  void*& last = inner->children[inner->count - 1];
  free_last(last, levels - 1, owner);
  if (last == nullptr) --inner->count;
  if (inner->count > 0) return;
  free(inner, owner);
  node = nullptr;
}

bool RankedTree::free_some(memory::Owner owner, base::Budget& budget) {
  constexpr std::uint32_t kStride = 16;
  while (root_ != nullptr) {
    free_last(root_, levels_, owner);
    if (root_ != nullptr && budget.spent(kStride)) return false;
  }
  levels_ = 0;
  size_ = 0;
  return true;
}

}  // namespace larder::types
