#pragma once

// An open collection: changed in place through its type's own class, and stored again when the edit
// ends. A key is created with its first element and removed with its last.

#include <utility>

#include "larder/keyspace/database.h"

namespace larder::keyspace {

// T is one of the collections of the types room, which all have
//   static constexpr types::Type kType;
//   explicit T(void* storage);     a handle, nothing is owned
//   void* storage();               where the storage is now; it moves when it changes
//   bool empty() const;
// Strings have their own edit (database.h).
template <typename T>
class Edit {
 public:
  // `entry` is the key's, of type T, or null if the key does not exist. Logs `event` at the end.
  Edit(Database& db, const Key& key, Entry* entry, Event event)
      : db_(db),
        key_(key),
        entry_(db.open(entry, key.hash, Intent::edits)),
        value_(entry_ ? entry_.storage() : nullptr),
        event_(event) {}
  ~Edit() { db_.close(key_, entry_, T::kType, value_.storage(), value_.empty(), event_, changed_); }
  Edit(const Edit&) = delete;
  Edit& operator=(const Edit&) = delete;

  T* operator->() { return &value_; }
  T& operator*() { return value_; }

  // Logs this event instead of that of the constructor.
  void rename(Event event) { event_ = event; }
  // No element was changed: no entry in the log. The encoding may have changed.
  void discard() { changed_ = false; }
  // So many elements were changed: discards the edit if none was.
  void count(std::size_t elements) {
    if (elements == 0) return discard();
    db_.count_changes(elements);
  }

 private:
  Database& db_;
  Key key_;
  OpenEntry entry_;
  T value_;
  Event event_;
  bool changed_ = true;
};

}  // namespace larder::keyspace
