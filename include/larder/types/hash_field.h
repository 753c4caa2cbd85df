#pragma once

// A field of a large hash: name, value and deadline in one block, as small as its contents allow.
// Part of hash.h; only the types room creates and frees them.
//
//   0      1      2
//   | kind | name | value | [sizes] | [deadline] | name | value |
//   | 1    | size | size  | 8       | 8, ms      |      |       |
//
// Sizes above 255 bytes are in the two words of `sizes`. A value that is an integer of more than 8
// digits is stored in 8 bytes.

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "larder/base/hash.h"
#include "larder/memory/heap.h"
#include "larder/types/string.h"

namespace larder::types {

class HashField {
 public:
  // Without a deadline.
  static HashField* create(std::string_view name, std::string_view value);
  static HashField* create(std::string_view name, std::string_view value,
                           std::optional<std::int64_t> deadline_ms);
  static HashField* copy(const HashField& source);
  static void destroy(memory::Owner owner, HashField* field) noexcept;

  std::string_view name() const { return {payload(), name_size()}; }
  String value() const {
    const char* start = payload() + name_size();
    if ((kind_ & kNumber) == 0) return String(std::string_view(start, value_size()));
    std::int64_t number;
    std::memcpy(&number, start, sizeof number);
    return String(number);
  }

  bool has_deadline() const { return (kind_ & kHasDeadline) != 0; }
  // Unix time in ms; only when has_deadline().
  std::int64_t deadline_ms() const {
    std::int64_t deadline;
    std::memcpy(&deadline, tail() + wide_bytes(), sizeof deadline);
    return deadline;
  }
  std::optional<std::int64_t> deadline() const {
    return has_deadline() ? std::optional(deadline_ms()) : std::nullopt;
  }
  bool live(std::int64_t now_ms) const { return !has_deadline() || deadline_ms() > now_ms; }

  // The field with another value or deadline. It moves to another block, and this one is freed,
  // unless its size class stays the same.
  HashField* with_value(std::string_view value, std::optional<std::int64_t> deadline_ms);
  HashField* with_deadline(std::optional<std::int64_t> deadline_ms);

  std::size_t footprint() const { return memory::dataset_class(bytes()); }
  // What its block was allocated with, or another size of the same class.
  std::size_t bytes() const {
    return static_cast<std::size_t>(payload() - reinterpret_cast<const char*>(this)) + name_size() +
           value_size();
  }

 private:
  static constexpr std::uint8_t kHasDeadline = 1;
  static constexpr std::uint8_t kNumber = 2;
  static constexpr std::uint8_t kWide = 4;
  static constexpr std::size_t kHeadBytes = 3;

  struct Shape;
  HashField() = default;
  void write_head(const Shape& shape);
  void write_value(const Shape& shape);

  std::size_t wide_bytes() const { return (kind_ & kWide) != 0 ? 8 : 0; }
  std::size_t name_size() const { return (kind_ & kWide) != 0 ? wide_size(0) : name_size_; }
  std::size_t value_size() const { return (kind_ & kWide) != 0 ? wide_size(1) : value_size_; }
  std::size_t wide_size(std::size_t index) const {
    std::uint32_t size;
    std::memcpy(&size, tail() + index * sizeof size, sizeof size);
    return size;
  }
  char* tail() { return reinterpret_cast<char*>(this) + kHeadBytes; }
  const char* tail() const { return reinterpret_cast<const char*>(this) + kHeadBytes; }
  const char* payload() const { return tail() + wide_bytes() + (has_deadline() ? 8 : 0); }
  char* payload() { return tail() + wide_bytes() + (has_deadline() ? 8 : 0); }

  std::uint8_t kind_ = 0;
  std::uint8_t name_size_ = 0;
  std::uint8_t value_size_ = 0;
};
static_assert(sizeof(HashField) == 3);

struct HashFieldTraits {
  using Element = HashField;
  static constexpr memory::Owner kOwner = memory::Owner::hashes;
  static std::string_view key(const HashField& field) { return field.name(); }
  static std::uint64_t hash(const HashField& field) { return base::hash_bytes(field.name()); }
};

}  // namespace larder::types
