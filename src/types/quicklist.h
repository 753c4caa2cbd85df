#pragma once

// The chain of a long list: its ends, its numbers of elements and bytes, and how many nodes at each
// end stay uncompressed (the setting at its creation; 0 compresses none).

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "larder/base/budget.h"
#include "larder/types/list.h"
#include "list_block.h"

namespace larder::types {

class Quicklist {
 public:
  static Quicklist* create(int depth);
  static Quicklist* copy(const Quicklist& other);
  // Frees nodes until the budget is spent, then the header; true if everything is freed.
  static bool destroy_some(Quicklist* list, memory::Owner owner, base::Budget& budget);

  std::size_t size() const { return size_; }
  std::size_t nodes() const { return nodes_; }
  std::size_t depth() const { return depth_; }
  // Nodes and head, at the allocator's sizes.
  std::size_t footprint() const { return bytes_ + memory::size_class(sizeof(Quicklist)); }
  const ListNode* first() const { return first_; }
  const ListNode* last() const { return last_; }

  // Adopts the block of a short list as its only node.
  void adopt(ListBlock* block);
  // Releases the only node, which is packed, as the block of a short list; frees the chain.
  static ListBlock* give(Quicklist* list);

  void enter(List::Cursor& cursor, std::int64_t index) const;

  void push(const ListLimits& limits, ListEnd end, std::string_view text);
  bool append_pack(const ListLimits& limits, std::string_view raw);
  void drop(ListEnd end, std::size_t count);
  void replace(const ListLimits& limits, std::size_t index, std::string_view text);
  bool insert(const ListLimits& limits, const ListNeedle& pivot, ListSide side,
              std::string_view text);
  std::size_t remove(ListEnd from, std::size_t most, const ListNeedle& needle);

 private:
  // Between two elements: before the one at `place`, or after the node's last at kEnd.
  struct Spot {
    ListNode* node = nullptr;
    ListpackView::Place place = ListpackView::kEnd;

    bool is_head() const { return place == ListpackView::kHeaderBytes; }
  };

  explicit Quicklist(int depth);

  // The node of the element `index`, counted from the head; `index` becomes that in the node.
  ListNode* find(std::size_t& index) const;
  // Before the first element that matches, with its node opened; no node if none matches.
  Spot find(const ListNeedle& needle);

  void link(ListNode* node, ListNode* previous, ListNode* next);
  void unlink(ListNode* node);
  // Replaces `before`, of `bytes` bytes and perhaps freed already, by `now`.
  ListNode* exchange(const ListNode* before, std::size_t bytes, ListBlock* now);
  ListNode* open(ListNode* node);
  ListNode* insert_at(ListNode* node, ListpackView::Place place, const ListpackElement& element);
  ListNode* make_node(std::string_view text, const ListLimits& limits);
  // Splits the node at `place`; returns the new node after it with the elements that followed.
  ListNode* split(ListNode* node, ListpackView::Place place);
  // Moves the node's elements to the one before it if they fit; returns the node that has them.
  ListNode* join(const ListLimits& limits, ListNode* node);
  bool insert_near(const ListLimits& limits, const Spot& spot, std::string_view text);
  void insert_before(const ListLimits& limits, const Spot& spot, std::string_view text);
  void erase_at(std::size_t index);
  std::size_t remove_from(ListNode* node, ListEnd from, std::size_t most, const ListNeedle& needle);

  // Restores the compression near both ends, and around a changed node.
  void settle(ListNode* changed = nullptr);
  void compress(ListNode* node);
  bool stays_open(const ListNode* node) const;

  ListNode* first_ = nullptr;
  ListNode* last_ = nullptr;
  std::size_t size_ = 0;
  std::size_t bytes_ = 0;  // of the nodes
  std::uint32_t nodes_ = 0;
  std::uint32_t depth_;
};
static_assert(sizeof(Quicklist) == 40);

}  // namespace larder::types
