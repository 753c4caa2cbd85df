#pragma once

// Items in the order of their keys: stream ids or names. Two levels: an array of leaves, each a
// sorted array that grows to 1.5 kB, so that an item takes little more than its own size. Entries
// of streams are mostly added at the end, where leaves are filled completely, and mostly removed at
// the front.
//
//   leaves --> | leaf | leaf | leaf |
//                 |      |      +--> | count, room | item | item |      |
//                 |      +---------> | count, room | item | item | item |
//                 +----------------> | count, room | item | item | item |
//
// An index owns its leaves, not what its items point to; that is const if the index is. All calls
// must pass the same tally's owner. Cost of a search: two binary searches; of a change: a move
// within one leaf.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "larder/types/pointer_array.h"
#include "larder/types/tally.h"

namespace larder::types {

// `kKeyOf` is a function that returns an item's key.
template <typename Item, auto kKeyOf>
class OrderedIndex {
  static_assert(std::is_trivially_copyable_v<Item> && alignof(Item) <= 8);
  using ConstItem = std::conditional_t<std::is_pointer_v<Item>,
                                       const std::remove_pointer_t<Item>* const, const Item>;
  using Key = std::invoke_result_t<decltype(kKeyOf), const Item&>;

 public:
  // The position of an item, valid until the index changes.
  struct Cursor {
    std::uint32_t leaf = 0;
    std::uint32_t at = 0;
    friend bool operator==(const Cursor&, const Cursor&) = default;
  };

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t leaves() const { return leaves_.size(); }
  // Bytes of the index itself, at the allocator's sizes.
  std::size_t bytes() const { return leaf_bytes_ + leaves_.bytes(); }

  bool valid(Cursor cursor) const { return cursor.leaf < leaves_.size(); }
  Item& operator[](Cursor cursor) { return items(leaves_[cursor.leaf])[cursor.at]; }
  ConstItem& operator[](Cursor cursor) const { return items(leaves_[cursor.leaf])[cursor.at]; }

  Key key(Cursor cursor) const { return kKeyOf(items(leaves_[cursor.leaf])[cursor.at]); }

  // Not valid(); next() of the last item.
  Cursor none() const { return {leaves_.size(), 0}; }
  // Not valid() when the index is empty, or there is no such item.
  Cursor first() const { return {}; }
  Cursor last() const { return empty() ? Cursor{} : end_of(leaves_.size() - 1); }
  Cursor next(Cursor cursor) const {
    return cursor.at + 1 < leaves_[cursor.leaf]->count ? Cursor{cursor.leaf, cursor.at + 1}
                                                       : Cursor{cursor.leaf + 1, 0};
  }
  Cursor previous(Cursor cursor) const {
    if (cursor.at > 0) return {cursor.leaf, cursor.at - 1};
    return cursor.leaf > 0 ? end_of(cursor.leaf - 1) : none();
  }
  Cursor at_or_before(Key key) const {
    const std::uint32_t leaf = leaf_for(key);
    if (leaf == leaves_.size()) return none();
    const Item* begin = items(leaves_[leaf]);
    return {leaf, static_cast<std::uint32_t>(after(leaf, key) - begin - 1)};
  }
  Cursor at_or_after(Key key) const {
    const Cursor before = at_or_before(key);
    if (!valid(before)) return first();
    return kKeyOf((*this)[before]) == key ? before : next(before);
  }
  Cursor find(Key key) const {
    const Cursor before = at_or_before(key);
    return valid(before) && kKeyOf((*this)[before]) == key ? before : none();
  }

  // An item with a key that is not in here.
  void insert(Tally& tally, Item item) {
    std::uint32_t leaf = leaf_for(kKeyOf(item));
    if (leaf == leaves_.size()) leaf = 0;
    if (leaves_.size() == 0) add_leaf(tally, 0, kLeastBytes);
    std::size_t at = static_cast<std::size_t>(after(leaf, kKeyOf(item)) - items(leaves_[leaf]));
    if (leaves_[leaf]->count == leaves_[leaf]->room && !grow(tally, leaf)) {
      const bool at_end = leaf + 1 == leaves_.size() && at == leaves_[leaf]->count;
      if (at_end) {
        add_leaf(tally, leaf + 1, kMostBytes);
      } else {
        split(tally, leaf);
      }
      if (at_end || at > leaves_[leaf]->count) at -= leaves_[leaf++]->count;
    }
    Leaf& into = *leaves_[leaf];
    Item* place = items(&into) + at;
    std::memmove(place + 1, place, (into.count - at) * sizeof(Item));
    *place = item;
    ++into.count;
    ++size_;
  }

  // Removes the item; returns the position of the next one.
  Cursor erase(Tally& tally, Cursor cursor) {
    Leaf& leaf = *leaves_[cursor.leaf];
    Item* place = items(&leaf) + cursor.at;
    --leaf.count;
    --size_;
    std::memmove(place, place + 1, (leaf.count - cursor.at) * sizeof(Item));
    if (leaf.count == 0) {
      drop_leaf(tally, cursor.leaf);
      return {cursor.leaf, 0};
    }
    if (leaf.count * kSparse < leaf.room) cursor = condense(tally, cursor);
    return cursor.at < leaves_[cursor.leaf]->count ? cursor : Cursor{cursor.leaf + 1, 0};
  }

  // Removes all items; the caller owns what they point to.
  void clear(Tally& tally) {
    while (leaves_.size() > 0) drop_leaf(tally, leaves_.size() - 1);
    size_ = 0;
  }
  // Calls fn for the items of the last leaf and frees it; for destruction in steps.
  template <typename Fn>
  void pop_leaf(Tally& tally, Fn&& fn) {
    Leaf* leaf = leaves_[leaves_.size() - 1];
    for (std::uint32_t i = 0; i < leaf->count; ++i) fn(items(leaf)[i]);
    size_ -= leaf->count;
    drop_leaf(tally, leaves_.size() - 1);
  }

  // Offer blocks of the index to the mover: the array of the leaves, or the leaf with this item.
  void relocate_array(memory::Owner owner, memory::Mover& mover) { leaves_.relocate(owner, mover); }
  void relocate_leaf(memory::Owner owner, memory::Mover& mover, Cursor cursor) {
    Leaf*& leaf = leaves_[cursor.leaf];
    if (mover.wants(leaf)) memory::offer(mover, owner, leaf, bytes_of(*leaf));
  }
  // Calls fn(Item&) on the items of the leaf with this item, which may move what they point to.
  // Returns the first item of the next leaf.
  template <typename Fn>
  Cursor for_each_in_leaf(Cursor cursor, Fn fn) {
    Leaf* leaf = leaves_[cursor.leaf];
    for (std::uint32_t i = 0; i < leaf->count; ++i) fn(items(leaf)[i]);
    return {cursor.leaf + 1, 0};
  }
  // The item at this position, which may be from before a change, or else the first one of a leaf
  // after it; not valid() if there is none.
  Cursor nearest(Cursor cursor) const {
    if (!valid(cursor) || cursor.at < leaves_[cursor.leaf]->count) return cursor;
    return {cursor.leaf + 1, 0};
  }

 private:
  struct Leaf {
    std::uint32_t count;
    std::uint32_t room;
  };
  static constexpr std::size_t kLeastBytes = sizeof(Leaf) + sizeof(Item);
  static constexpr std::size_t kMostBytes = 1536;
  // A leaf that uses less than this part of its room is merged or made smaller.
  static constexpr std::uint32_t kSparse = 4;

  static Item* items(Leaf* leaf) { return reinterpret_cast<Item*>(leaf + 1); }
  static const Item* items(const Leaf* leaf) { return reinterpret_cast<const Item*>(leaf + 1); }
  static std::uint32_t room_of(std::size_t bytes) {
    return static_cast<std::uint32_t>((memory::dataset_class(bytes) - sizeof(Leaf)) / sizeof(Item));
  }
  static std::size_t bytes_of(const Leaf& leaf) { return sizeof(Leaf) + leaf.room * sizeof(Item); }
  // Of a leaf with the room that a block of `bytes` has: a part of an item is not allocated.
  static std::size_t whole_items(std::size_t bytes) {
    return sizeof(Leaf) + room_of(bytes) * sizeof(Item);
  }

  Cursor end_of(std::uint32_t leaf) const { return {leaf, leaves_[leaf]->count - 1}; }

  // The last leaf that starts at `key` or before it; leaves_.size() if there is none.
  std::uint32_t leaf_for(Key key) const {
    std::uint32_t low = 0;
    std::uint32_t high = leaves_.size();
    if (high > 0 && kKeyOf(items(leaves_[high - 1])[0]) <= key) return high - 1;
    while (low < high) {
      const std::uint32_t middle = low + (high - low) / 2;
      if (kKeyOf(items(leaves_[middle])[0]) <= key) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low == 0 ? leaves_.size() : low - 1;
  }
  // The first item of the leaf after `key`.
  const Item* after(std::uint32_t leaf, Key key) const {
    const Item* begin = items(leaves_[leaf]);
    const Item* end = begin + leaves_[leaf]->count;
    if (begin != end && kKeyOf(end[-1]) <= key) return end;
    return std::upper_bound(begin, end, key,
                            [](Key wanted, const Item& item) { return wanted < kKeyOf(item); });
  }

  void add_leaf(Tally& tally, std::uint32_t at, std::size_t wanted) {
    const std::size_t bytes = whole_items(wanted);
    Leaf* leaf = static_cast<Leaf*>(tally.allocate(bytes));
    *leaf = {0, room_of(bytes)};
    leaf_bytes_ += memory::dataset_class(bytes);
    leaves_.insert(tally, at, leaf);
  }

  void drop_leaf(Tally& tally, std::uint32_t at) {
    leaf_bytes_ -= memory::dataset_class(bytes_of(*leaves_[at]));
    tally.release(leaves_[at], bytes_of(*leaves_[at]));
    leaves_.erase(tally, at);
  }

  void resize(Tally& tally, std::uint32_t at, std::size_t wanted) {
    const std::size_t bytes = whole_items(wanted);
    Leaf*& leaf = leaves_[at];
    leaf_bytes_ += memory::dataset_class(bytes) - memory::dataset_class(bytes_of(*leaf));
    leaf = static_cast<Leaf*>(tally.reallocate(leaf, bytes_of(*leaf), bytes));
    leaf->room = room_of(bytes);
  }

  bool grow(Tally& tally, std::uint32_t at) {
    const std::size_t bytes = memory::dataset_class(bytes_of(*leaves_[at]));
    if (bytes >= kMostBytes) return false;
    resize(tally, at, std::min(2 * bytes, kMostBytes));
    return true;
  }

  void split(Tally& tally, std::uint32_t at) {
    add_leaf(tally, at + 1, kMostBytes);
    Leaf& left = *leaves_[at];
    Leaf& right = *leaves_[at + 1];
    right.count = left.count / 2;
    left.count -= right.count;
    std::memcpy(items(&right), items(&left) + left.count, right.count * sizeof(Item));
  }

  // Merges a sparse leaf with the leaf before it, or moves it to a smaller block.
  Cursor condense(Tally& tally, Cursor cursor) {
    Leaf& leaf = *leaves_[cursor.leaf];
    if (cursor.leaf > 0) {
      Leaf& before = *leaves_[cursor.leaf - 1];
      if (before.count + leaf.count <= before.room) {
        std::memcpy(items(&before) + before.count, items(&leaf), leaf.count * sizeof(Item));
        const std::uint32_t at = before.count + cursor.at;
        before.count += leaf.count;
        drop_leaf(tally, cursor.leaf);
        return {cursor.leaf - 1, at};
      }
    }
    const std::size_t bytes = sizeof(Leaf) + 2 * leaf.count * sizeof(Item);
    if (room_of(bytes) < leaf.room) resize(tally, cursor.leaf, bytes);
    return cursor;
  }

  PointerArray<Leaf> leaves_;
  std::size_t size_ = 0;
  std::size_t leaf_bytes_ = 0;
};

}  // namespace larder::types
