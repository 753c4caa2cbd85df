#pragma once

// The hook before a change: whoever must see a value as it was (a snapshot, the memory audit, a
// move of slots) is asked before the first byte of an entry changes. The keyspace asks at the one
// place where an entry becomes changeable (Database::open), so no change can pass it by.

#include <array>
#include <cstddef>
#include <cstdint>

#include "larder/keyspace/entry.h"

namespace larder::keyspace {

// What is about to happen to an entry.
enum class Intent : std::uint8_t {
  edits,     // its value or deadline may change in place
  replaces,  // its value goes; another takes its key
  removes,   // it goes
};

class BeforeChange {
 public:
  virtual ~BeforeChange() = default;

  // Key, value and deadline are still those of before. What only reads may change (the access
  // bits, the caller's own marks) does not count. May be called without a change coming of it, and
  // again for the same entry. Must not change the keyspace.
  virtual void before_change(int db, std::uint64_t hash, Entry& entry, Intent intent) = 0;

  // An entry stands in the table from now on: that of a new key (`before` is null), or one in place
  // of `before`, about which before_change() was called. Its value may still be written.
  // It has the marks of `before`.
  virtual void placed(int /*db*/, std::uint64_t /*hash*/, Entry& /*entry*/,
                      const Entry* /*before*/) {}

  // All entries of a database are about to go.
  virtual void before_flush(int db) = 0;
  // Two databases are about to exchange their contents.
  virtual void before_swap(int a, int b) = 0;
};

// The hooks that are asked, in the order in which they were added.
class BeforeChanges {
 public:
  static constexpr std::size_t kMost = 4;

  // The hook must outlive this object or be removed. Not while one is asked.
  void add(BeforeChange& hook);
  void remove(BeforeChange& hook);

  // Cost without hooks: one branch.
  void ask(int db, std::uint64_t hash, Entry& entry, Intent intent) const {
    if (__builtin_expect(count_ != 0, 0)) ask_all(db, hash, entry, intent);
  }
  void placed(int db, std::uint64_t hash, Entry& entry, const Entry* before) const {
    if (__builtin_expect(count_ != 0, 0)) tell_all(db, hash, entry, before);
  }
  void ask_of_flush(int db) const;
  void ask_of_swap(int a, int b) const;

 private:
  void ask_all(int db, std::uint64_t hash, Entry& entry, Intent intent) const;
  void tell_all(int db, std::uint64_t hash, Entry& entry, const Entry* before) const;

  std::array<BeforeChange*, kMost> hooks_{};
  std::size_t count_ = 0;
};

}  // namespace larder::keyspace
