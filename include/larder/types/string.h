#pragma once

// Strings. A String is a view: a number, or bytes that it does not own. A Blob is the storage of
// bytes that are too long to be inside their entry.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "larder/base/budget.h"
#include "larder/base/numbers.h"
#include "larder/memory/heap.h"
#include "larder/types/type.h"

namespace larder::types {

// The maximum length of a string, for all values of proto-max-bulk-len.
inline constexpr std::size_t kLongestString = std::size_t{512} << 20;

// A view of a stored string, which may be copied. It is valid until the entry changes.
class String {
 public:
  static constexpr Type kType = Type::string;

  explicit String(std::string_view bytes) : bytes_(bytes) {}
  explicit String(std::int64_t number) : number_(number), is_number_(true) {}

  bool is_number() const { return is_number_; }
  std::int64_t number() const { return number_; }

  // As an integer, whether it is stored as one or its text is one.
  std::optional<std::int64_t> integer() const {
    return is_number_ ? std::optional(number_) : base::parse_int64(bytes_);
  }

  using Scratch = std::array<char, base::kInt64Chars>;
  // The bytes; a stored number is printed into `scratch`, which must outlive the result.
  std::string_view text(Scratch& scratch) const {
    return is_number_ ? base::print_int64(number_, scratch) : bytes_;
  }
  std::size_t size() const {
    if (!is_number_) return bytes_.size();
    Scratch scratch;
    return base::print_int64(number_, scratch).size();
  }

 private:
  std::string_view bytes_;
  std::int64_t number_ = 0;
  bool is_number_ = false;
};

// False for most texts that are no numbers, by the first byte. `text` must not be empty.
inline bool may_be_integer(std::string_view text) {
  return text[0] <= '9' && (text[0] >= '0' || text[0] == '-');
}

// The number whose canonical form is `text`, if it fits the integer encoding.
inline std::optional<std::int64_t> as_stored_integer(std::string_view text) {
  if (text.empty() || text.size() > 20 || !may_be_integer(text)) return std::nullopt;
  return base::parse_int64(text);
}

// Bytes in one block:  | size: 6 | pieces: 2 | bytes ... | up to the block's size class |
//
// A growing string has only the unused room of its size class: classes are 6 to 25 % apart, so
// repeated appends copy each byte about ten times at most, and a string never takes more than one
// size class above what it stores.
class Blob {
 public:
  // A blob of `size` bytes whose contents the caller fills. The pages of the first `written` of
  // them are requested from the system at once, if they are many.
  static Blob* create(memory::Owner owner, std::size_t size, std::size_t written);
  static Blob* create(memory::Owner owner, std::size_t size) { return create(owner, size, size); }
  static void destroy(memory::Owner owner, Blob* blob) noexcept;

  // The same in steps: the pages of a large blob are returned to the system a few at a time, since
  // releasing half a gigabyte at once takes tens of milliseconds. True when it is freed; until then
  // only this and footprint() may be called.
  static bool destroy_some(memory::Owner owner, Blob* blob, base::Budget& budget);

  // Resizes it to `size` bytes, keeping the contents that fit; the blob may move.
  static Blob* resize(memory::Owner owner, Blob* blob, std::size_t size);
  // The same in place; false, and unchanged, if there is no room.
  static bool resize_in_place(memory::Owner owner, Blob* blob, std::size_t size);

  // From this footprint on destroy_some() takes steps.
  static constexpr std::size_t kLarge = 4 << 20;

  std::size_t size() const { return size_; }
  char* data() { return reinterpret_cast<char*>(this + 1); }
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }
  std::string_view view() const { return {data(), size_}; }
  // What its block was allocated with, or another size of the same class.
  std::size_t bytes() const { return sizeof(Blob) + size_; }
  std::size_t footprint() const { return memory::dataset_class(bytes()); }

 private:
  explicit Blob(std::size_t size) : size_(size), pieces_gone_(0) {}

  std::uint64_t size_ : 48;
  std::uint64_t pieces_gone_ : 16;  // by destroy_some()
};

}  // namespace larder::types
