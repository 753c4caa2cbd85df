#pragma once

// Elements for tests of the table: a key of eight bytes and a hash chosen by the test.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <string_view>
#include <vector>

#include "larder/types/table.h"

namespace larder::types::testing {

struct Item {
  std::uint64_t key = 0;
  std::uint64_t hash = 0;
  std::uint8_t tag = 0;
};

inline std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

inline std::string_view bytes_of(const std::uint64_t& key) {
  return {reinterpret_cast<const char*>(&key), sizeof(key)};
}

struct ItemTraits {
  using Element = Item;
  static constexpr memory::Owner kOwner = memory::Owner::table;
  static std::string_view key(const Item& item) { return bytes_of(item.key); }
  static std::uint64_t hash(const Item& item) { return item.hash; }
};

struct TaggedTraits {
  using Element = Item;
  static constexpr memory::Owner kOwner = memory::Owner::expires;
  static std::uint64_t hash(const Item& item) { return item.hash; }
  static std::uint8_t tag(const Item& item, std::uint64_t) { return item.tag; }
};

using ItemTable = Table<ItemTraits>;
using TaggedTable = Table<TaggedTraits>;

// Items with stable addresses, keys 0, 1, 2, ...
class Items {
 public:
  Item* add() { return add(mix(items_.size())); }
  Item* add(std::uint64_t hash) {
    items_.push_back({items_.size(), hash, 0});
    return &items_.back();
  }
  Item& operator[](std::size_t i) { return items_[i]; }
  std::size_t size() const { return items_.size(); }

 private:
  std::deque<Item> items_;
};

template <typename AnyTable>
void insert(AnyTable& table, Item* item) {
  table.insert(item, item->hash);
}
inline Item* find(const ItemTable& table, const Item& item) {
  return table.find(bytes_of(item.key), item.hash);
}
inline Item* erase(ItemTable& table, const Item& item) {
  return table.erase(bytes_of(item.key), item.hash);
}

// The maximum of slots that one insertion, removal or line of a sweep may move: a full segment.
inline constexpr std::uint64_t kLargestStep = 840;

// The order in which a table keeps its elements, derived from its cursors, as an attacker can learn
// it by scanning. Valid from the first element on until the table becomes empty.
class Order {
 public:
  Order() = default;
  template <typename AnyTable>
  explicit Order(const AnyTable& table) {
    for (std::uint64_t low = 0; low < std::uint64_t{1} << 17; ++low) {
      salt_ = ((table.cursor_of(0) << 17) | low) * inverse();
      if (agrees(table)) return;
    }
  }

  std::uint64_t position(std::uint64_t hash) const {
    return (hash ^ salt_) * detail::kPositionFactor;
  }
  std::uint64_t hash_at(std::uint64_t position) const { return (position * inverse()) ^ salt_; }
  std::vector<Item*> sorted(Items& items) const {
    std::vector<Item*> sorted;
    for (std::size_t i = 0; i < items.size(); ++i) sorted.push_back(&items[i]);
    std::sort(sorted.begin(), sorted.end(), [this](const Item* a, const Item* b) {
      return position(a->hash) < position(b->hash);
    });
    return sorted;
  }

 private:
  // For hashes that differ in all bits: salts that differ in a few agree for similar ones.
  template <typename AnyTable>
  bool agrees(const AnyTable& table) const {
    for (std::uint64_t i = 0; i < 16; ++i) {
      if (position(mix(i)) >> 17 != table.cursor_of(mix(i))) return false;
    }
    return true;
  }
  // Of the odd factor that positions are made with, modulo 2^64 (Newton's method).
  static std::uint64_t inverse() {
    std::uint64_t inverse = detail::kPositionFactor;
    for (int i = 0; i < 6; ++i) inverse *= 2 - detail::kPositionFactor * inverse;
    return inverse;
  }

  std::uint64_t salt_ = 0;
};

}  // namespace larder::types::testing
