#pragma once

// A long list: a chain of nodes, and how many nodes at each end stay uncompressed (the setting at
// its creation; 0 compresses none).

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "larder/base/budget.h"
#include "larder/types/list.h"
#include "node_chain.h"

namespace larder::types {

class Quicklist {
 public:
  static Quicklist* create(int depth);
  static Quicklist* copy(const Quicklist& other);
  // Frees nodes until the budget is spent, then the header; true if everything is freed.
  static bool destroy_some(Quicklist* list, memory::Owner owner, base::Budget& budget);
  // See TypeRow::relocate_some. Returns the list, which may have moved.
  static Quicklist* relocate_some(Quicklist* list, Relocation& walk, memory::Mover& mover,
                                  base::Budget& budget);

  std::size_t size() const { return chain_.elements(); }
  std::size_t nodes() const { return chain_.nodes(); }
  std::size_t depth() const { return depth_; }
  // Nodes and head, at the allocator's sizes.
  std::size_t footprint() const {
    return chain_.footprint() + memory::dataset_class(sizeof(Quicklist));
  }
  const NodeChain& chain() const { return chain_; }

  // Adopts the block of a short list as its only node.
  void adopt(ListBlock* block) { chain_.insert({}, block); }
  // Releases the only node, which is packed, as the block of a short list; frees the chain.
  static ListBlock* release_only_block(Quicklist* list);

  void enter(List::Cursor& cursor, std::int64_t index) const;

  void push(const ListLimits& limits, ListEnd end, std::string_view text);
  bool append_pack(const ListLimits& limits, std::string_view raw);
  void drop(ListEnd end, std::size_t count);
  void replace(const ListLimits& limits, std::size_t index, std::string_view text);
  bool insert(const ListLimits& limits, const ListNeedle& pivot, ListSide side,
              std::string_view text);
  std::size_t remove(ListEnd from, std::size_t most, const ListNeedle& needle);

 private:
  // Invalid after another node was linked or unlinked.
  using Node = NodePlace;
  // Between two elements: before the one at `place`, or after the node's last at kEnd.
  struct Spot {
    Node node;
    ListpackView::Place place = ListpackView::kEnd;

    bool is_head() const { return place == ListpackView::kHeaderBytes; }
  };

  explicit Quicklist(int depth);

  static ListBlock* block(Node node) { return NodeChain::block(node); }
  // Before the first element that matches, with its node opened; no node if none matches.
  Spot find(const ListNeedle& needle);

  void open(Node node);
  void insert_at(Node node, ListpackView::Place place, const ListpackElement& element);
  static ListBlock* make_block(std::string_view text, const ListLimits& limits);
  // Splits the node at `place`; returns the new node after it with the elements that followed.
  Node split(Node node, ListpackView::Place place);
  // Moves the node's elements to the one before it if they fit; `node` becomes the node that has
  // them. True if they were moved.
  bool join(const ListLimits& limits, Node& node);
  bool insert_near(const ListLimits& limits, const Spot& spot, std::string_view text);
  void insert_before(const ListLimits& limits, const Spot& spot, std::string_view text);
  void erase_at(std::size_t index);
  // Removes from this node; `node` becomes the next in this direction.
  std::size_t remove_from(Node& node, ListEnd from, std::size_t most, const ListNeedle& needle);
  static Node step(Node node, ListEnd from);
  void unlink(Node& node, ListEnd from);

  // Restores the compression near both ends, and around a changed node.
  void settle(Node changed = {});
  void compress(Node node);
  bool stays_open(Node node) const;

  NodeChain chain_;
  std::uint32_t depth_;
};

}  // namespace larder::types
