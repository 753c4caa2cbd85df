#pragma once

// The segments of a hash table of more than one, in no order, so that one can be drawn at random
// and all can be visited without the directory. Part of table.h; nothing else includes it.

#include <bit>
#include <cstddef>
#include <cstdint>

#include "larder/types/table_segment.h"

namespace larder::types::detail {

// An array in pages of 512 addresses, of which none is ever copied; the first page grows by
// doubling. Each segment stores its number, with which it is removed.
class Roster {
 public:
  std::uint32_t size() const { return size_; }
  Segment* operator[](std::uint32_t number) const { return place(number); }
  Segment* last() const { return place(size_ - 1); }

  void add(Account account, Segment* segment);
  void remove(Account account, Segment* segment);
  // The segment has moved here.
  void replace(Segment* segment) { place(segment->number) = segment; }
  void release(Account account);
  // Offers the blocks to the mover whose first address is that of this segment.
  void relocate(memory::Owner owner, std::uint32_t number, memory::Mover& mover);

 private:
  static constexpr std::uint32_t kPage = 512;

  bool is_flat() const { return capacity_ <= kPage; }
  // Room for the addresses of this many pages.
  static std::size_t index_bytes(std::uint32_t pages) {
    return std::bit_ceil(pages) * sizeof(Segment**);
  }
  Segment*& place(std::uint32_t number) const {
    return is_flat() ? page_[number] : pages_[number / kPage][number % kPage];
  }
  void resize_page(Account account, std::uint32_t capacity);
  void add_page(Account account);
  void drop_page(Account account);
  void shrink(Account account);

  // The only page, or the addresses of several.
  union {
    Segment** page_ = nullptr;
    Segment*** pages_;
  };
  std::uint32_t size_ = 0;
  // Room in all pages together.
  std::uint32_t capacity_ = 0;
};

}  // namespace larder::types::detail
