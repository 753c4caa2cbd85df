#pragma once

// Inserts many elements into a table with few cache and TLB misses: elements are collected by the
// part of the table that they belong to, and inserted when a part has collected 256, so that
// consecutive insertions write to memory that is close together. A table that fits into the caches
// is one part, and gets each element at once.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "larder/memory/heap.h"
#include "larder/types/table.h"

namespace larder::types {

template <typename Traits>
class TableFill {
 public:
  using Element = typename Traits::Element;

  // For about this many elements; reserve room for them in the table first. The elements that wait
  // take 16 bytes each, at most half a megabyte in all.
  TableFill(Table<Traits>& table, std::uint64_t elements)
      : table_(table), part_bits_(part_bits(elements)) {
    if (part_bits_ == 0) return;
    waiting_.resize(kInPart << part_bits_);
    sizes_.resize(std::size_t{1} << part_bits_);
  }
  TableFill(const TableFill&) = delete;
  TableFill& operator=(const TableFill&) = delete;

  // Inserts the element now or later. Calls repeated(Element*) for this element or one that waited
  // if the table has another with the same key; the caller must free it.
  template <typename Repeated>
  void add(Element* element, std::uint64_t hash, Repeated repeated) {
    // An empty table chooses its order of positions at the first insertion.
    if (part_bits_ == 0 || table_.empty()) return insert({element, hash}, repeated);
    const std::size_t part = table_.part_of(hash, part_bits_);
    waiting_[part * kInPart + sizes_[part]] = {element, hash};
    if (++sizes_[part] == kInPart) insert_part(part, repeated);
  }
  // Inserts all that wait.
  template <typename Repeated>
  void flush(Repeated repeated) {
    for (std::size_t part = 0; part < sizes_.size(); ++part) insert_part(part, repeated);
  }

 private:
  struct Waiting {
    Element* element;
    std::uint64_t hash;
  };
  template <typename T>
  using List = std::vector<T, memory::Allocator<T, Traits::kOwner>>;

  static constexpr std::size_t kInPart = 256;
  static constexpr std::size_t kAhead = 16;
  static constexpr unsigned kMostPartBits = 7;
  // The slots of this many elements fit into the L1 and L2 caches.
  static constexpr std::uint64_t kElementsInCache = 4096;

  static unsigned part_bits(std::uint64_t elements) {
    const auto bits = static_cast<unsigned>(std::bit_width(elements / kElementsInCache));
    return std::min(bits, kMostPartBits);
  }

  template <typename Repeated>
  void insert(const Waiting& waiting, Repeated& repeated) {
    if (!table_.insert_new(waiting.element, waiting.hash)) repeated(waiting.element);
  }
  template <typename Repeated>
  void insert_part(std::size_t part, Repeated& repeated) {
    const Waiting* const first = waiting_.data() + part * kInPart;
    const std::size_t size = sizes_[part];
    for (std::size_t i = 0; i < std::min(size, kAhead); ++i) table_.prefetch(first[i].hash);
    for (std::size_t i = 0; i < size; ++i) {
      if (i + kAhead < size) table_.prefetch(first[i + kAhead].hash);
      insert(first[i], repeated);
    }
    sizes_[part] = 0;
  }

  Table<Traits>& table_;
  const unsigned part_bits_;
  List<Waiting> waiting_;
  List<std::uint16_t> sizes_;
};

}  // namespace larder::types
