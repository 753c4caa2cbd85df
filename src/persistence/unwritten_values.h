#pragma once

// Large values of the moment of a snapshot that are not written yet, although their keys are passed
// or have changed. If their storage leaves the keyspace it is kept here instead of being freed.
// Elements of hashes, sets and sorted sets in tables may change (element_overlay.h). All other
// values must not: commands that would change them wait.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "element_overlay.h"
#include "larder/keyspace/graveyard.h"
#include "larder/memory/heap.h"
#include "larder/persistence/rdb_file_writer.h"

namespace larder::persistence {

struct UnwrittenValue {
  using Name = std::vector<char, memory::Allocator<char, memory::Owner::snapshot>>;

  RdbKeyHead head() const { return {{name.data(), name.size()}, deadline_ms, use}; }
  RdbStorage value() const { return {type, storage}; }

  int db;
  Name name;
  std::optional<std::int64_t> deadline_ms;
  std::uint64_t use;
  types::Type type;
  void* storage;
  bool is_kept = false;  // it left the keyspace, and is charged to the snapshot
  std::optional<ElementOverlay> overlay = std::nullopt;
  UnwrittenValue* next = nullptr;
  UnwrittenValue* previous = nullptr;
};

class UnwrittenValues final : public keyspace::Keeper {
 public:
  explicit UnwrittenValues(keyspace::Graveyard& graveyard);
  // Gives back what it keeps.
  ~UnwrittenValues();
  UnwrittenValues(const UnwrittenValues&) = delete;
  UnwrittenValues& operator=(const UnwrittenValues&) = delete;

  struct Parts {
    int db;
    RdbKeyHead head;
    types::Type type;
    void* storage;
  };
  // At the end. It must not be there yet.
  UnwrittenValue& add(const Parts& parts);
  // Its elements may change from now on.
  void watch_elements(UnwrittenValue& value, ElementOverlay::Host& host, std::int64_t now_ms);
  bool empty() const { return first_ == nullptr; }
  UnwrittenValue& first() { return *first_; }
  // The first one is written.
  void drop_first();
  // All of them, without being written.
  void drop_all();
  // Null if the value is not unwritten.
  UnwrittenValue* find(const void* storage) const;
  // The value is written as soon as the first one is.
  void write_next(UnwrittenValue& value);

  // Bytes of copies of elements.
  std::size_t overlay_bytes() const { return overlay_bytes_; }
  // Bytes of storages that are kept only for the snapshot, and of the lists.
  std::size_t kept_bytes() const { return bytes_ + index_.bytes(); }
  std::size_t held_bytes() const { return kept_bytes() + overlay_bytes_; }

  bool keep(types::Type type, void* storage) override;

 private:
  // By the address of the storage.
  struct Traits {
    using Element = UnwrittenValue;
    static constexpr memory::Owner kOwner = memory::Owner::snapshot;
    static std::string_view key(const UnwrittenValue& value) { return key(value.storage); }
    static std::uint64_t hash(const UnwrittenValue& value) { return hash(value.storage); }
    static std::string_view key(void* const& storage) {
      return {reinterpret_cast<const char*>(&storage), sizeof storage};
    }
    static std::uint64_t hash(const void* storage);
  };

  void link_behind(UnwrittenValue* previous, UnwrittenValue& value);
  void unlink(UnwrittenValue& value);
  void drop(UnwrittenValue& value);
  static std::size_t own_bytes(const UnwrittenValue& value);

  keyspace::Graveyard& graveyard_;
  UnwrittenValue* first_ = nullptr;
  UnwrittenValue* last_ = nullptr;
  types::Table<Traits> index_;
  std::size_t bytes_ = 0;
  std::size_t overlay_bytes_ = 0;
};

}  // namespace larder::persistence
