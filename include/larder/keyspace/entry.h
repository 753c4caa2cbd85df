#pragma once

// An Entry is a key with its value in one allocation. Only the keyspace's tables have pointers to
// it, so it can move between commands: never keep an Entry beyond a turn. Its value and deadline
// are changed only through an OpenEntry (keyspace/open_entry.h).
//
//   0        3        4       5          6             8
//   | access | type   | flags | key      | inside      | [key size] | [deadline] | key | value |
//   | 3      | and    | 1     | size     | size        | 4, for a   | 8, ms, if  |     |
//   |        | form 1 |       | 1        | 2           | long key   | there is one     |
//
// The value is an integer (8 bytes), the bytes of a small string (`inside size` of them), or
// a pointer to the type's own storage. A key of more than 255 bytes has its size in front.

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>

#include "larder/base/hash.h"
#include "larder/memory/heap.h"
#include "larder/types/read_only.h"
#include "larder/types/string.h"
#include "larder/types/type.h"

namespace larder::keyspace {

// A key's name with its hash, so that each command hashes it only once.
struct Key {
  std::string_view name;
  std::uint64_t hash = 0;

  static Key of(std::string_view name) { return {name, base::hash_bytes(name)}; }
};

// How a value is stored in its entry.
enum class Form : std::uint8_t { integer, inside, storage };

// How a value is read: a string is a view already, and collections have read-only handles.
template <typename T>
using Value = std::conditional_t<std::is_same_v<T, types::String>, T, types::ReadOnly<T>>;

class Entry {
 public:
  // The properties of a new entry.
  struct Shape {
    std::string_view key;
    std::optional<std::int64_t> deadline_ms;
    types::Type type = types::Type::string;
    Form form = Form::inside;
    std::size_t inside_bytes = 0;  // for Form::inside
  };
  // Strings up to this many bytes are stored in their entry: with a key of usual length, the entry
  // still fits into a slab of the page store, which can be emptied.
  static constexpr std::size_t kMostInside = 16'000;

  static std::size_t bytes(const Shape& shape);

  std::string_view key() const { return {key_data(), key_size()}; }
  types::Type type() const { return static_cast<types::Type>(type_and_form_ & 0x0f); }
  Form form() const { return static_cast<Form>(type_and_form_ >> 4); }

  std::uint32_t access() const {
    return static_cast<std::uint32_t>(access_[0] | (access_[1] << 8) | (access_[2] << 16));
  }
  void access(std::uint32_t bits) {
    access_[0] = static_cast<std::uint8_t>(bits);
    access_[1] = static_cast<std::uint8_t>(bits >> 8);
    access_[2] = static_cast<std::uint8_t>(bits >> 16);
  }

  bool has_deadline() const { return (flags_ & kHasDeadline) != 0; }
  // Unix time in ms; only when has_deadline().
  std::int64_t deadline_ms() const {
    std::int64_t deadline;
    std::memcpy(&deadline, tail() + wide_bytes(), sizeof deadline);
    return deadline;
  }
  std::optional<std::int64_t> deadline() const {
    return has_deadline() ? std::optional(deadline_ms()) : std::nullopt;
  }
  bool expired(std::int64_t now_ms) const { return has_deadline() && deadline_ms() <= now_ms; }

  std::int64_t integer() const {
    std::int64_t value;
    std::memcpy(&value, value_data(), sizeof value);
    return value;
  }

  std::string_view inside() const { return {value_data(), inside_size_}; }

  const void* storage() const {
    const void* pointer;
    std::memcpy(&pointer, value_data(), sizeof pointer);
    return pointer;
  }

  // The value of an entry of type string.
  types::String string() const {
    switch (form()) {
      case Form::integer:
        return types::String(integer());
      case Form::inside:
        return types::String(inside());
      case Form::storage:
        break;
    }
    return types::String(static_cast<const types::Blob*>(storage())->view());
  }

  // The value of an entry with the type of T.
  template <typename T>
  Value<T> value() const {
    if constexpr (std::is_same_v<T, types::String>) {
      return string();
    } else {
      return Value<T>(storage());
    }
  }

  // The entry is in the index of entries whose elements have deadlines.
  bool is_element_indexed() const { return (flags_ & kElementIndexed) != 0; }
  // No deadline of an element is earlier than this; types::kNoDeadline if there is none.
  std::int64_t next_element_deadline() const {
    const auto next = types::row(type()).next_deadline;
    return next == nullptr ? types::kNoDeadline : next(storage());
  }

  // A string that was changed in place keeps the encoding name "raw" for any size.
  bool was_edited() const { return (flags_ & kWasEdited) != 0; }

  // Bits that walks over the keys store in an entry while they run; each bit belongs to one kind of
  // walk. They are not part of the value and stay when it is replaced.
  static constexpr std::uint8_t kAuditMark = 0x80;
  static constexpr std::uint8_t kSnapshotMarks = 0x70;
  std::uint8_t marks() const { return flags_ & kMarks; }
  void marks(std::uint8_t bits) { flags_ = static_cast<std::uint8_t>((flags_ & ~kMarks) | bits); }
  bool is_marked(std::uint8_t bit) const { return (flags_ & bit) != 0; }
  void mark(std::uint8_t bit) { flags_ |= bit; }
  void unmark(std::uint8_t bit) { flags_ = static_cast<std::uint8_t>(flags_ & ~bit); }

  // Bytes requested for this entry's own block; it occupies its size class.
  std::size_t block_bytes() const {
    const std::size_t head =
        static_cast<std::size_t>(value_data() - reinterpret_cast<const char*>(this));
    return head + (form() == Form::inside ? inside_size_ : sizeof(std::int64_t));
  }
  // The bytes of the entry and its storage, at the allocator's sizes.
  std::size_t footprint() const {
    const std::size_t own = memory::dataset_class(block_bytes());
    return form() == Form::storage ? own + types::row(type()).footprint(storage()) : own;
  }

 private:
  friend class OpenEntry;

  static constexpr std::uint8_t kHasDeadline = 1;
  static constexpr std::uint8_t kLongKey = 2;
  static constexpr std::uint8_t kWasEdited = 4;
  static constexpr std::uint8_t kElementIndexed = 8;
  static constexpr std::uint8_t kMarks = 0xf0;

  Entry() = default;
  static Entry* create(const Shape& shape);
  static void release(memory::Owner owner, Entry* entry) noexcept;
  void rewrite(const Shape& shape);
  void write_head(const Shape& shape);
  void deadline_ms(std::int64_t deadline) {
    std::memcpy(tail() + wide_bytes(), &deadline, sizeof deadline);
  }
  void integer(std::int64_t value) { std::memcpy(value_data(), &value, sizeof value); }
  void storage(void* pointer) { std::memcpy(value_data(), &pointer, sizeof pointer); }
  void mark_element_indexed(bool on) {
    flags_ = static_cast<std::uint8_t>(on ? flags_ | kElementIndexed : flags_ & ~kElementIndexed);
  }

  std::size_t wide_bytes() const { return (flags_ & kLongKey) != 0 ? 4 : 0; }
  std::size_t key_offset() const { return wide_bytes() + (has_deadline() ? 8 : 0); }
  std::size_t key_size() const {
    if (__builtin_expect((flags_ & kLongKey) == 0, 1)) return key_size_;
    std::uint32_t size;
    std::memcpy(&size, tail(), sizeof size);
    return size;
  }
  char* tail() { return reinterpret_cast<char*>(this + 1); }
  const char* tail() const { return reinterpret_cast<const char*>(this + 1); }
  const char* key_data() const { return tail() + key_offset(); }
  char* value_data() { return tail() + key_offset() + key_size(); }
  const char* value_data() const { return tail() + key_offset() + key_size(); }

  std::uint8_t access_[3] = {};
  std::uint8_t type_and_form_ = 0;
  std::uint8_t flags_ = 0;
  std::uint8_t key_size_ = 0;
  std::uint16_t inside_size_ = 0;
};
static_assert(sizeof(Entry) == 8);

// The encoding of the value, in the words of OBJECT ENCODING. Cost: negligible.
std::string_view encoding(const Entry& entry);

}  // namespace larder::keyspace
