#pragma once

// Hashes: fields with values, each of which may have a deadline.
//
//   listpack    a Listpack of field, value, field, value ..., while all are short and few
//               and no field has a deadline
//   hashtable   a HashTable (hash_table.h): one block a field, found through a Table
//
// Only size() and the functions that free fields see a field past its deadline. All other functions
// therefore take the current time.

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "larder/base/rng.h"
#include "larder/types/hash_table.h"
#include "larder/types/listpack.h"
#include "larder/types/read_only.h"
#include "larder/types/settings.h"
#include "larder/types/type.h"

namespace larder::types {

// The limits up to which a hash is one listpack.
struct HashLimits {
  std::uint64_t entries;
  std::uint64_t value;

  static HashLimits of(const Settings& settings) {
    return {static_cast<std::uint64_t>(settings.hash_max_listpack_entries.value()),
            static_cast<std::uint64_t>(settings.hash_max_listpack_value.value())};
  }
};

// A handle of 8 bytes to a hash's storage; its lowest bit is the encoding. The caller that stores
// storage() owns it; storage() changes when the hash changes.
class Hash {
 public:
  static constexpr Type kType = Type::hash;
  static constexpr std::int64_t kNever = HashTable::kNever;

  explicit Hash(void* storage) : storage_(reinterpret_cast<std::uintptr_t>(storage)) {}
  // Handles that can change the hash are not copied (read_only.h).
  Hash(Hash&&) = default;
  Hash& operator=(Hash&&) = default;
  void* storage() { return reinterpret_cast<void*>(storage_); }
  const void* storage() const { return reinterpret_cast<const void*>(storage_); }

  // Includes fields past their deadline that are not freed yet. Cost: O(1).
  bool empty() const { return size() == 0; }
  std::size_t size() const;
  // Some may be past their deadline.
  bool stale(std::int64_t now_ms) const { return is_table() && table()->stale(now_ms); }
  // Without those. Cost: O(1); a walk while the hash is stale.
  std::size_t live_size(std::int64_t now_ms) const;

  // Views into the hash.
  std::optional<String> get(std::string_view name, std::int64_t now_ms) const;
  bool contains(std::string_view name, std::int64_t now_ms) const;

  // Calls fn(String name, String value) on each field, in a stable order while nothing changes.
  template <typename Fn>
  void for_each(std::int64_t now_ms, Fn fn) const;
  // One step of HSCAN with fn as above: shows about `count` fields, all of a listpack, and
  // returns the cursor for the next, 0 at the end.
  template <typename Fn>
  std::uint64_t scan(std::uint64_t cursor, std::size_t count, std::int64_t now_ms, Fn fn) const;
  // A field, each with the same probability; nothing when no field is left. Cost: a walk over a
  // listpack, O(1) for a table unless most of its fields wait to be freed.
  std::optional<std::pair<String, String>> random(base::Rng& rng, std::int64_t now_ms) const;

  // Sets the field; true when there was none of this name.
  bool set(std::string_view name, std::string_view value, const HashLimits& limits,
           std::int64_t now_ms, FieldDeadline deadline = FieldDeadline::drop);
  // Before several fields are set: converts the listpack if they are too many for it.
  void expect(std::size_t fields, const HashLimits& limits) {
    if (fields > limits.entries) become_table(fields);
  }
  // False when there is none.
  bool erase(std::string_view name, std::int64_t now_ms);

  // The field's deadline as a Unix time in ms; nothing when it has none or does not exist.
  std::optional<std::int64_t> deadline(std::string_view name, std::int64_t now_ms) const;
  // Sets or removes the deadline of the field; false if there is no such field.
  bool set_deadline(std::string_view name, std::optional<std::int64_t> deadline_ms,
                    std::int64_t now_ms);

  static Hash over(HashTable* table) {
    return Hash(reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(table) | kTable));
  }
  // The table of the encoding "hashtable"; null for a listpack.
  HashTable* table() {
    return is_table() ? reinterpret_cast<HashTable*>(storage_ & ~kTable) : nullptr;
  }
  const HashTable* table() const {
    return is_table() ? reinterpret_cast<const HashTable*>(storage_ & ~kTable) : nullptr;
  }
  // Only for a listpack.
  Listpack pack() { return Listpack(storage()); }
  ListpackView pack() const { return ListpackView(static_cast<const std::uint8_t*>(storage())); }

 private:
  static constexpr std::uintptr_t kTable = 1;

  bool is_table() const { return (storage_ & kTable) != 0; }
  void hold(const Listpack& pack) { storage_ = reinterpret_cast<std::uintptr_t>(pack.block()); }
  // With room for this many fields, or for those it has.
  void become_table(std::size_t fields = 0);
  ListpackView::Place place_of(std::string_view name) const {
    const ListpackView view = pack();
    return view.find(name, view.first(), 1);
  }
  bool set_in_pack(std::string_view name, std::string_view value);

  std::uintptr_t storage_;
};

template <typename Fn>
void Hash::for_each(std::int64_t now_ms, Fn fn) const {
  if (is_table()) {
    const bool stale = table()->stale(now_ms);
    table()->fields().for_each([&](const HashField* field) {
      if (!stale || field->live(now_ms)) fn(String(field->name()), field->value());
    });
  } else if (storage_ != 0) {
    const ListpackView view = pack();
    for (auto place = view.first(); place != ListpackView::kEnd;) {
      const auto value = view.next(place);
      fn(view.get(place), view.get(value));
      place = view.next(value);
    }
  }
}

template <typename Fn>
std::uint64_t Hash::scan(std::uint64_t cursor, std::size_t count, std::int64_t now_ms,
                         Fn fn) const {
  if (!is_table()) {
    for_each(now_ms, fn);
    return 0;
  }
  std::size_t seen = 0;
  do {
    cursor = table()->fields().scan(cursor, [&](const HashField* field) {
      ++seen;
      if (field->live(now_ms)) fn(String(field->name()), field->value());
    });
  } while (cursor != 0 && seen < count);
  return cursor;
}

}  // namespace larder::types
