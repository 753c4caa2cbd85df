#pragma once

// A listpack: a short sequence of strings and integers in one block, walked from both ends. It is
// the base of the compact encodings. The bytes have Redis's format, so that dumps and snapshots
// contain them unchanged:
//
//   | total bytes: 4 | elements: 2 | element | element | ... | 0xff |
//   element:  | kind, and small values and lengths | longer value | size of the former: 1-5 |
//
//   0xxxxxxx               integer 0 to 127            11110000 +4   string, 32-bit size
//   10xxxxxx               string, up to 63 bytes      11110001 +2   16-bit integer
//   110xxxxx +1            13-bit integer              11110010 +3   24-bit integer
//   1110xxxx +1            string, up to 4,095 bytes   11110011 +4   32-bit integer
//                                                      11110100 +8   64-bit integer
//
// Texts that are canonical integers are stored as integers, and read back as the same text.
// 65,535 in the header's count means that the elements must be counted.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "larder/memory/heap.h"
#include "larder/types/string.h"

namespace larder::types {

struct ListpackElement;

// Reads listpack bytes at any address. It can be copied freely. The bytes must be well formed:
// check bytes from outside with valid().
class ListpackView {
 public:
  // The position of an element: its offset; kEnd is after the last.
  using Place = std::uint32_t;
  static constexpr Place kEnd = 0;
  static constexpr std::size_t kHeaderBytes = 6;

  explicit ListpackView(const std::uint8_t* bytes) : bytes_(bytes) {}

  // All bytes, with header and end mark.
  std::size_t bytes() const {
    std::uint32_t total;
    std::memcpy(&total, bytes_, sizeof total);
    return total;
  }
  std::string_view raw() const { return {reinterpret_cast<const char*>(bytes_), bytes()}; }
  // Cost: O(1) below 65,535 elements, a walk otherwise.
  std::size_t size() const;
  bool empty() const { return bytes_[kHeaderBytes] == kEndMark; }

  Place first() const { return empty() ? kEnd : Place{kHeaderBytes}; }
  Place last() const { return previous(kEnd); }
  // The neighbours; kEnd where there is none. previous(kEnd) is the last.
  Place next(Place place) const {
    const auto after = static_cast<Place>(place + element_bytes(place));
    return bytes_[after] == kEndMark ? kEnd : after;
  }
  Place previous(Place place) const;
  // The element with this index, counted from the end where it is negative (-1 is the last);
  // kEnd when there is none. Cost: a walk from the nearer end.
  Place at(std::int64_t index) const;

  // The element's value; a view into the block.
  String get(Place place) const;
  // The position of `text` at `from` or after it, comparing every `skip` + 1st element; kEnd if it
  // is not found.
  Place find(std::string_view text, Place from, unsigned skip = 0) const;

  // Bytes that the element takes, its kind and back length included.
  std::size_t element_bytes(Place place) const;

  // True when `raw` is a well-formed listpack, every element included. Cost: a walk.
  static bool valid(std::string_view raw);
  // Also returns whether every text that is an integer is stored as one, as find() requires.
  static bool valid(std::string_view raw, bool& integers_as_such);

 protected:
  static constexpr std::uint8_t kEndMark = 0xff;
  static constexpr std::uint16_t kUncounted = 0xffff;

  const std::uint8_t* bytes_;
};

// A listpack that can change: a handle of 8 bytes to its own block, which moves when it
// changes. The block's size is the size class of bytes(). The owner of the handle must call
// destroy(). All calls must pass the same memory owner. Cost of a change: a move of the bytes after
// the change.
class Listpack : public ListpackView {
 public:
  // The maximum size; callers convert long before.
  static constexpr std::size_t kMostBytes = std::size_t{1} << 30;

  // Adopts a block that release() has returned.
  explicit Listpack(void* block) : ListpackView(static_cast<std::uint8_t*>(block)) {}

  static Listpack create(memory::Owner owner);
  // From bytes that are valid().
  static Listpack copy(memory::Owner owner, std::string_view raw);
  void destroy(memory::Owner owner) noexcept;

  void* block() const { return const_cast<std::uint8_t*>(bytes_); }
  std::size_t footprint() const { return memory::dataset_class(bytes()); }

  // Each returns the position of the element. Positions before it stay valid.
  Place insert(memory::Owner owner, Place before, std::string_view text);
  Place insert(memory::Owner owner, Place before, std::int64_t number);
  Place append(memory::Owner owner, std::string_view text) { return insert(owner, kEnd, text); }
  Place append(memory::Owner owner, std::int64_t number) { return insert(owner, kEnd, number); }
  Place replace(memory::Owner owner, Place place, std::string_view text);
  Place replace(memory::Owner owner, Place place, std::int64_t number);
  // Removes up to `count` elements from `place` on; returns the position of the next element, or
  // kEnd.
  Place erase(memory::Owner owner, Place place, std::size_t count = 1);

  // What `text` would add to bytes().
  static std::size_t cost(std::string_view text);
  static std::size_t cost(std::int64_t number);
  // An upper bound for the bytes of an element in addition to its text.
  static constexpr std::size_t kMostAround = 10;
  // Writes an element to a buffer of the caller and returns its end. For callers that write many
  // elements, and the header, themselves.
  static std::uint8_t* print(std::uint8_t* out, std::string_view text);
  static std::uint8_t* print(std::uint8_t* out, std::int64_t number);

 private:
  Place put(memory::Owner owner, Place place, std::size_t old_bytes,
            const ListpackElement& element);
  // Resizes the block to `total` bytes and writes this into the header.
  void resize(memory::Owner owner, std::size_t total);
  void count(std::int64_t change);
  std::uint8_t* data() { return const_cast<std::uint8_t*>(bytes_); }
};

}  // namespace larder::types
