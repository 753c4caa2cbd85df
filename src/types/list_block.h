#pragma once

// A block of a list: a listpack with room on both sides, so that elements can be added and removed
// at both ends without moving the others.
//
//   | start: 4 | size and kind: 4 | room | contents | room |
//
// The contents by kind:
//   packed         a listpack
//   compressed     | a listpack's first 6 bytes | size: 4 | the rest of it by LZF |
//   plain          | size: 8 | bytes of one element |

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "larder/base/prefetch.h"
#include "larder/memory/heap.h"
#include "larder/types/list.h"
#include "larder/types/listpack.h"
#include "listpack_format.h"

namespace larder::types {

class ListBlock {
 public:
  enum class Kind : std::uint8_t { packed, compressed, plain };
  using Place = ListpackView::Place;

  static ListBlock* create(Kind kind, std::size_t room);
  static void destroy(memory::Owner owner, ListBlock* block) noexcept;
  static ListBlock* copy(const ListBlock* block);

  // An empty block with room for `bytes` of elements.
  static ListBlock* create_pack(std::size_t bytes);
  // A block with this listpack.
  static ListBlock* copy_pack(std::string_view raw);
  static ListBlock* create_plain(std::string_view text);

  // Fetches the first cache line; the processor's own prefetcher fetches the following ones.
  void prefetch() const { base::prefetch(this); }

  Kind kind() const { return static_cast<Kind>(size_and_kind_ & kKindMask); }
  std::size_t footprint() const { return size_and_kind_ & ~kKindMask; }
  // Of every block before its contents and their room.
  static constexpr std::size_t kHeadBytes = 8;

  // The listpack; of a compressed block only its first 6 bytes may be read.
  ListpackView pack() const { return ListpackView(contents()); }
  // Elements, in a block of any kind.
  std::size_t elements() const { return kind() == Kind::plain ? 1 : pack().size(); }
  std::string_view plain() const;
  // Whether a listpack, compressed or not, has this element.
  bool holds(std::string_view text) const;

  // The following functions are for listpacks. They return the block, which may have moved. kEnd is
  // the position after the last element.
  static ListBlock* insert(ListBlock* block, Place place, const ListpackElement& element);
  static ListBlock* replace(ListBlock* block, Place place, const ListpackElement& element);
  static ListBlock* erase(ListBlock* block, Place place, std::size_t count);
  // Removes up to `most` matching elements, searching from this end; counts them.
  static ListBlock* remove(ListBlock* block, ListEnd from, std::size_t most,
                           const ListNeedle& needle, std::size_t& removed);
  // Appends all elements of `pack` from `from` on.
  static ListBlock* append(ListBlock* block, ListpackView pack, Place from);
  // Removes everything from `place` on.
  static ListBlock* cut(ListBlock* block, Place place);
  // Releases unused bytes.
  static ListBlock* fit(ListBlock* block);

  // A compressed block with the same elements, or null where that would not be smaller.
  static ListBlock* compress(const ListBlock* block);
  static ListBlock* decompress(const ListBlock* block);
  // Writes the listpack of a compressed block to `out`, which has room for pack().bytes().
  void unpack(std::uint8_t* out) const;

 private:
  static constexpr std::uint32_t kKindMask = 7;

  ListBlock(std::uint32_t start, std::size_t size, Kind kind)
      : start_(start),
        size_and_kind_(static_cast<std::uint32_t>(size) | static_cast<std::uint32_t>(kind)) {}

  std::uint8_t* contents() { return reinterpret_cast<std::uint8_t*>(this) + start_; }
  const std::uint8_t* contents() const {
    return reinterpret_cast<const std::uint8_t*>(this) + start_;
  }
  std::size_t front_room() const { return start_ - kHeadBytes; }
  std::size_t back_room() const { return footprint() - start_ - pack().bytes(); }
  // Of a block of any kind.
  std::size_t content_bytes() const;
  std::size_t used() const { return kHeadBytes + pack().bytes(); }

  void count(std::size_t elements);
  // Resizes `before` bytes of the listpack at `at` to `after` bytes; the caller must write them.
  static ListBlock* splice(ListBlock* block, std::size_t at, std::size_t before, std::size_t after);
  static ListBlock* grow(ListBlock* block, std::size_t at, std::size_t before, std::size_t after);
  static ListBlock* shrink(ListBlock* block);
  // Moves the listpack into a block of `size` bytes, with `front` bytes of room before it.
  static ListBlock* move(ListBlock* block, std::size_t size, std::size_t front);

  std::uint32_t start_;
  std::uint32_t size_and_kind_;
};

static_assert(sizeof(ListBlock) == ListBlock::kHeadBytes);

}  // namespace larder::types
