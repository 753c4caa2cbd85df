#pragma once

// Members in the order of (score, bytes): a B+ tree with counts, which finds a member by its rank
// and the rank of a member. It stores pointers; the caller owns the members.
//
//   inner   | count | child ... 42 | members below it ... 42 | least score ... 42 |   1 KB
//              |
//   leaf    | previous | next | count | member ... 61 |                            512 bytes
//
// A search in a leaf reads its members. Inner nodes have scores, so that the way down reads a
// member only if scores are equal. `least score` of a child is between the scores before the child
// and those in it; for the first child of a node it is not used. If members are added at the end
// (or at the beginning) of a tree, its leaves are full.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "larder/base/budget.h"
#include "larder/memory/ledger.h"
#include "larder/memory/mover.h"
#include "larder/types/ranked_member.h"

namespace larder::types {

class RankedTree {
 public:
  struct Leaf;

  // The position of a member; valid until the tree changes.
  class Place {
   public:
    Place() = default;
    explicit operator bool() const { return leaf_ != nullptr; }
    RankedMember* member() const;
    // The neighbours; at the ends the place becomes none.
    void next();
    void previous();

   private:
    friend class RankedTree;
    Place(const Leaf* leaf, unsigned index) : leaf_(leaf), index_(index) {}
    const Leaf* leaf_ = nullptr;
    unsigned index_ = 0;
  };

  // Whether members that equal a bound count as before it.
  enum class Equal : std::uint8_t { after, before };

  RankedTree() = default;
  RankedTree(const RankedTree&) = delete;
  RankedTree& operator=(const RankedTree&) = delete;
  // free_some() must have freed the nodes.
  ~RankedTree();

  std::size_t size() const { return size_; }
  // The bytes of the nodes, at the allocator's sizes.
  std::size_t bytes() const { return bytes_; }

  // The member must not be in the tree. Cost: O(log n), as for all below.
  void insert(RankedMember* member);
  // The same for one that comes after all others, without reading members.
  void append(RankedMember* member);
  // The member must be in the tree.
  void erase(const RankedMember* member);
  // Changes the score of the member, and moves it to its new position.
  void move(RankedMember* member, double score);

  // The place with this rank, counted from 0; none if there are fewer members.
  Place at(std::size_t rank) const;
  // The rank of a member that is in the tree.
  std::size_t rank(const RankedMember* member) const;
  // How many members are before a score, or before a text if all scores are equal.
  std::size_t count_before(double score, Equal equal) const;
  std::size_t count_before(std::string_view text, Equal equal) const;

  // The pointer to a member that is in the tree; for a member that moves to another address.
  RankedMember*& pointer_to(const RankedMember* member);
  // Offers the leaf that has the member `rank` to the mover, and before it the inner nodes that
  // begin with this member. Returns the rank of the first member after the leaf.
  std::size_t relocate_leaf(std::size_t rank, memory::Mover& mover);

  // Frees nodes, charged to `owner`, until the budget is spent; true when none is left. Between the
  // first call and the last, only bytes() may be called.
  bool free_some(memory::Owner owner, base::Budget& budget);

 private:
  struct Inner;
  struct Path;
  struct Child;

  template <typename Bound>
  Leaf* descend(const Bound& bound, Path& path, int change);
  template <typename Bound>
  std::size_t count_where(const Bound& bound) const;
  Leaf* last_leaf(Path& path, int change);
  const RankedMember* first_below(const void* node, unsigned levels) const;
  template <typename Bound>
  unsigned child_for(const Inner& node, unsigned levels, const Bound& bound) const;

  void insert_at(Path& path, Leaf* leaf, unsigned index, RankedMember* member);
  Child split(Leaf* leaf, unsigned index, RankedMember* member);
  Child split(Inner* node, unsigned index, const Child& fresh, bool at_end);
  void add_child(Path& path, Child fresh, bool at_end);
  void merge_small_nodes(Path& path);
  bool merge(Inner* parent, unsigned child, bool leaves);
  void join(Inner* parent, unsigned left, bool leaves);
  void drop_child(Inner* parent, unsigned child, bool leaves);
  void unlink(Leaf* leaf);
  void lower_root();
  void free_last(void*& node, unsigned levels, memory::Owner owner);

  template <typename Node>
  Node* create();
  template <typename Node>
  void free(Node* node, memory::Owner owner);

  void* root_ = nullptr;
  unsigned levels_ = 0;  // of inner nodes above the leaves
  std::size_t size_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace larder::types
