#pragma once

// The hook before a change: objects that must see a value before it changes (a snapshot, the memory
// audit, a move of slots) are called before the first byte of an entry changes. The keyspace calls
// them in the only function that makes an entry changeable (Database::open), so no change can avoid
// the hook.

#include <array>
#include <cstddef>
#include <cstdint>

#include "larder/keyspace/entry.h"

namespace larder::keyspace {

// The change that follows.
enum class Intent : std::uint8_t {
  edits,     // its value may change in place
  retimes,   // its deadline changes; the value stays, but perhaps in another entry
  replaces,  // another entry replaces it under its key
  removes,   // it is removed
};

class BeforeChange {
 public:
  virtual ~BeforeChange() = default;

  // Key, value and deadline are unchanged when this is called. Changes by reads (the access bits,
  // the hook's own marks) do not count. May be called without a following change, and again for the
  // same entry. Must not change the keyspace.
  virtual void before_change(int db, std::uint64_t hash, Entry& entry, Intent intent) = 0;

  // An entry was added to the table: that of a new key (`before` is null), or one that replaces
  // `before`, for which before_change() was called. Its value may not be written yet. It has the
  // marks of `before`.
  virtual void placed(int /*db*/, std::uint64_t /*hash*/, Entry& /*entry*/,
                      const Entry* /*before*/) {}

  // True: expired elements of this entry must not be removed now.
  virtual bool defers_expiry(int /*db*/, std::uint64_t /*hash*/, const Entry& /*entry*/) {
    return false;
  }

  // True: eviction and expiry should wait, because the hook has no room for values that they
  // remove. Asked only when something is to be removed. A command may remove keys all the same.
  virtual bool defers_removals() { return false; }

  // All entries of a database will be removed.
  virtual void before_flush(int db) = 0;
  // Two databases will exchange their contents.
  virtual void before_swap(int a, int b) = 0;
  // A database that is empty will get many entries at once, for which placed() is not called.
  virtual void before_arrival(int /*db*/) {}
};

// The registered hooks, which are called in the order of their registration.
class BeforeChanges {
 public:
  static constexpr std::size_t kMost = 4;

  // The hook must outlive this object or be removed. Must not be called by a hook.
  void add(BeforeChange& hook);
  void remove(BeforeChange& hook);

  bool empty() const { return count_ == 0; }

  // Cost without hooks: one branch.
  void before_change(int db, std::uint64_t hash, Entry& entry, Intent intent) const {
    if (__builtin_expect(count_ != 0, 0)) call_before_change(db, hash, entry, intent);
  }
  void placed(int db, std::uint64_t hash, Entry& entry, const Entry* before) const {
    if (__builtin_expect(count_ != 0, 0)) call_placed(db, hash, entry, before);
  }
  bool defers_expiry(int db, std::uint64_t hash, const Entry& entry) const {
    return __builtin_expect(count_ != 0, 0) && any_defers_expiry(db, hash, entry);
  }
  bool defers_removals() const { return __builtin_expect(count_ != 0, 0) && any_defers_removals(); }
  void before_flush(int db) const;
  void before_swap(int a, int b) const;
  void before_arrival(int db) const;

 private:
  void call_before_change(int db, std::uint64_t hash, Entry& entry, Intent intent) const;
  bool any_defers_expiry(int db, std::uint64_t hash, const Entry& entry) const;
  bool any_defers_removals() const;
  void call_placed(int db, std::uint64_t hash, Entry& entry, const Entry* before) const;

  std::array<BeforeChange*, kMost> hooks_{};
  std::size_t count_ = 0;
};

}  // namespace larder::keyspace
