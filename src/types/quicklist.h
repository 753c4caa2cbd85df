#pragma once

// The chain behind a long list: its ends, how many elements and bytes it has, and how many
// nodes at each end stay uncompressed (that many as when the chain was made; 0 compresses none).

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
  // Frees nodes until the budget is spent, then the head; true when all is gone.
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
  // Gives away the only node, which is packed, as the block of a short list; the chain is gone.
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
  // Between two elements: ahead of the one at `place`, or behind the node's last at kEnd.
  struct Spot {
    ListNode* node = nullptr;
    ListpackView::Place place = ListpackView::kEnd;

    bool is_head() const { return place == ListpackView::kHeaderBytes; }
  };

  explicit Quicklist(int depth);

  // The node of the element `index`, counted from the head; `index` becomes that in the node.
  ListNode* find(std::size_t& index) const;
  // Ahead of the first element that matches, its node opened; no node when none does.
  Spot find(const ListNeedle& needle);

  void link(ListNode* node, ListNode* previous, ListNode* next);
  void unlink(ListNode* node);
  // Puts `now` where `before`, of `bytes` bytes and perhaps freed, stood.
  ListNode* exchange(const ListNode* before, std::size_t bytes, ListBlock* now);
  ListNode* open(ListNode* node);
  ListNode* insert_at(ListNode* node, ListpackView::Place place, const ListpackElement& element);
  ListNode* make_node(std::string_view text, const ListLimits& limits);
  // Ends the node in front of `place`; returns the new node behind it with what followed.
  ListNode* split(ListNode* node, ListpackView::Place place);
  // Puts the node's elements into the one before it where they fit; returns where they are.
  ListNode* join(const ListLimits& limits, ListNode* node);
  bool insert_near(const ListLimits& limits, const Spot& spot, std::string_view text);
  void insert_before(const ListLimits& limits, const Spot& spot, std::string_view text);
  void erase_at(std::size_t index);
  std::size_t remove_from(ListNode* node, ListEnd from, std::size_t most, const ListNeedle& needle);

  // Makes the compression right again near both ends, and around a node that was changed.
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
