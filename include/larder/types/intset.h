#pragma once

// A sorted array of integers, all of the width that the largest needs, for sets of integers. The
// bytes have Redis's format, so that dumps contain them unchanged:
//
//   | width: 4 (2, 4 or 8) | integers: 4 | integer | integer | ... |      little-endian, ascending

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "larder/memory/heap.h"

namespace larder::types {

// Reads intset bytes at any address. It can be copied freely. The bytes must be well formed: check
// bytes from outside with valid().
class IntsetView {
 public:
  static constexpr std::size_t kHeaderBytes = 8;

  explicit IntsetView(const std::uint8_t* bytes) : bytes_(bytes) {}

  std::size_t width() const { return word(0); }
  std::size_t size() const { return word(4); }
  bool empty() const { return size() == 0; }
  std::size_t bytes() const { return kHeaderBytes + width() * size(); }
  std::string_view raw() const { return {reinterpret_cast<const char*>(bytes_), bytes()}; }

  std::int64_t at(std::size_t index) const { return read(index, width()); }
  std::int64_t least() const { return at(0); }
  std::int64_t greatest() const { return at(size() - 1); }

  // The first index whose integer is not below `value`; size() when there is none.
  std::size_t lower_bound(std::int64_t value) const;
  bool contains(std::int64_t value) const {
    const std::size_t index = lower_bound(value);
    return index < size() && at(index) == value;
  }

  // True when `raw` is a well-formed intset with at least one integer, in order and without
  // repetition. Cost: a walk.
  static bool valid(std::string_view raw);

 protected:
  std::uint32_t word(std::size_t offset) const {
    std::uint32_t value;
    std::memcpy(&value, bytes_ + offset, sizeof value);
    return value;
  }
  std::int64_t read(std::size_t index, std::size_t width) const {
    const std::uint8_t* from = bytes_ + kHeaderBytes + index * width;
    if (width == 2) return load<std::int16_t>(from);
    if (width == 4) return load<std::int32_t>(from);
    return load<std::int64_t>(from);
  }

  const std::uint8_t* bytes_;

 private:
  template <typename Integer>
  static std::int64_t load(const std::uint8_t* from) {
    Integer value;
    std::memcpy(&value, from, sizeof value);
    return value;
  }
  template <typename Integer>
  std::size_t search(std::int64_t value) const;
};

// Looks up ascending values. Cost: as a merge if the values are close together, logarithmic in the
// distance otherwise.
class IntsetCursor {
 public:
  explicit IntsetCursor(IntsetView set) : set_(set), size_(set.size()) {}
  // `value` must not be below the one before.
  bool contains(std::int64_t value);

 private:
  IntsetView set_;
  std::size_t size_;
  std::size_t next_ = 0;
};

// An intset that can change: a handle of 8 bytes to its own block, which moves when it changes.
// The block's size is the size class of bytes(). The owner of the handle must call destroy(). All
// calls must pass the same memory owner. Cost of a change: a search, and a move of the bytes after
// the change.
class Intset : public IntsetView {
 public:
  // More than this would not fit the format's count.
  static constexpr std::size_t kMostIntegers = std::size_t{1} << 30;

  // Adopts a block.
  explicit Intset(void* block) : IntsetView(static_cast<std::uint8_t*>(block)) {}

  static Intset create(memory::Owner owner);
  // From bytes that are valid().
  static Intset copy(memory::Owner owner, std::string_view raw);
  void destroy(memory::Owner owner) noexcept { memory::release(owner, block(), bytes()); }

  void* block() const { return const_cast<std::uint8_t*>(bytes_); }
  std::size_t footprint() const { return memory::dataset_class(bytes()); }

  // False when it was there already.
  bool add(memory::Owner owner, std::int64_t value);
  // False when it was not there.
  bool remove(memory::Owner owner, std::int64_t value);
  void erase(memory::Owner owner, std::size_t index);

 private:
  static std::size_t width_of(std::int64_t value) {
    if (value >= INT16_MIN && value <= INT16_MAX) return 2;
    return value >= INT32_MIN && value <= INT32_MAX ? 4 : 8;
  }
  std::uint8_t* data() const { return const_cast<std::uint8_t*>(bytes_); }
  std::uint8_t* place(std::size_t index, std::size_t width) const {
    return data() + kHeaderBytes + index * width;
  }
  void header(std::size_t width, std::size_t size);
  void write(std::size_t index, std::size_t width, std::int64_t value);
  void resize(memory::Owner owner, std::size_t bytes_before, std::size_t bytes_after);
  // Widens all integers and adds one that is below or above all of them.
  void widen(memory::Owner owner, std::int64_t value);
};

}  // namespace larder::types
