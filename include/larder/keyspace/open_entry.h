#pragma once

// An entry that may be changed or freed: one that is not in a table, or one for which
// Database::open() has called the hooks (keyspace/before_change.h). All other code has entries
// whose key, value and deadline are read-only.

#include "larder/keyspace/entry.h"

namespace larder::keyspace {

class Database;
class Graveyard;

class OpenEntry {
 public:
  OpenEntry() = default;
  // A new entry with key and deadline written; the caller sets the value and the access bits.
  static OpenEntry create(const Entry::Shape& shape) { return OpenEntry(Entry::create(shape)); }

  explicit operator bool() const { return entry_ != nullptr; }
  Entry* get() const { return entry_; }
  const Entry* operator->() const { return entry_; }
  const Entry& operator*() const { return *entry_; }

  // Overwrites an entry whose block has the same size class. The bytes that `shape` refers to must
  // not be in the entry, except its own key.
  void rewrite(const Entry::Shape& shape) const { entry_->rewrite(shape); }
  void deadline_ms(std::int64_t deadline) const { entry_->deadline_ms(deadline); }
  void integer(std::int64_t value) const { entry_->integer(value); }
  char* inside_data() const { return entry_->value_data(); }
  // Changes the number of bytes in the entry; the block must have room for them.
  void inside_size(std::size_t bytes) const {
    entry_->inside_size_ = static_cast<std::uint16_t>(bytes);
  }
  void storage(void* pointer) const { entry_->storage(pointer); }
  void* storage() const { return const_cast<void*>(entry_->storage()); }
  void mark_edited() const { entry_->flags_ |= Entry::kWasEdited; }
  void mark_element_indexed(bool on) const { entry_->mark_element_indexed(on); }
  void access(std::uint32_t bits) const { entry_->access(bits); }
  // Frees only the entry; its storage, if any, must be freed or owned by another entry.
  void release(memory::Owner owner) const noexcept { Entry::release(owner, entry_); }

 private:
  friend class Database;
  // For the entries of flushed tables.
  friend class Graveyard;
  class Graveyard;
  explicit OpenEntry(Entry* entry) : entry_(entry) {}

  Entry* entry_ = nullptr;
};

}  // namespace larder::keyspace
