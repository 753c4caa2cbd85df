#pragma once

// The log of what changed in the keyspace. Whatever must react to a write (WATCH, blocked
// clients, notifications, the journal, replicas) reads it after the command; commands,
// eviction and expiry only write it.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "larder/keyspace/events.h"
#include "larder/memory/heap.h"

namespace larder::keyspace {

// Why a key went, where it did; element_expired: why an element of it did.
enum class Cause : std::uint8_t { command, expired, evicted, element_expired };

struct Change {
  Event event;
  Cause cause;
  int db;
  std::string_view key;  // lives until the log is cleared, as does the element
  // Of a key's elements the one that expired; nothing where the change is the key's.
  std::optional<std::string_view> element{};
};

class ChangeLog {
 public:
  // Something reads the log from now on. Without listeners changes are only counted.
  void listen() { ++listeners_; }
  void unlisten() { --listeners_; }
  // Keys that come into being, which only notifications need: recorded while wanted, beside the
  // change itself.
  void tell_new_keys(bool wanted) { wants_new_keys_ = wanted; }
  bool wants_new_keys() const { return wants_new_keys_; }

  void add(Event event, int db, std::string_view key, Cause cause = Cause::command) {
    ++changes_;
    if (__builtin_expect(listeners_ > 0, 0)) record({event, cause, db, key});
  }
  // An element of the key went because its deadline has passed; without one, the key after them.
  void add_expired(Event event, int db, std::string_view key,
                   std::optional<std::string_view> element) {
    ++changes_;
    if (listeners_ > 0) record({event, Cause::element_expired, db, key, element});
  }
  // A further event of the change just added, such as SET's `expire`; the two count as one.
  void also(Event event, int db, std::string_view key) {
    if (__builtin_expect(listeners_ > 0, 0)) record({event, Cause::command, db, key});
  }
  void add_new_key(int db, std::string_view key) {
    if (__builtin_expect(wants_new_keys_, 0)) record({Event::new_key, Cause::command, db, key});
  }
  // Every key of a database went, or of all of them (db < 0).
  void add_flush(int db, std::uint64_t keys);

  bool empty() const { return entries_.empty(); }
  // The recorded changes in their order; keys are resolved into the log's own copy.
  std::span<const Change> entries() const { return entries_; }
  void clear();

  // Shows fn the recorded changes and forgets them. Until fn returns nothing may change the
  // keyspace: a change that is recorded meanwhile ends the process.
  template <typename Fn>
  void read(Fn fn) {
    being_read_ = true;
    fn(entries());
    being_read_ = false;
    clear();
  }

  // Changes since the start, as rdb_changes_since_last_save counts them.
  std::uint64_t changes() const { return changes_; }

 private:
  // Names of keys one behind the other; never grows past its first capacity.
  using Text = std::vector<char, memory::Allocator<char, memory::Owner::runtime>>;

  void record(Change change);
  std::string_view keep(std::string_view text);

  std::uint64_t changes_ = 0;
  int listeners_ = 0;
  bool wants_new_keys_ = false;
  bool being_read_ = false;
  std::vector<Change> entries_;
  std::vector<Text> texts_;
};

}  // namespace larder::keyspace
