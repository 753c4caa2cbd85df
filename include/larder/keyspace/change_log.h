#pragma once

// The log of what changed in the keyspace. Whatever must react to a write (WATCH, blocked
// clients, notifications, the journal, replicas) reads it after the command; commands,
// eviction and expiry only write it.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "larder/memory/heap.h"

namespace larder::keyspace {

// Why a key went, where it did; element_expired: why an element of it did; miss: nothing changed,
// a read met no key, which is told only to who wants it (tell_misses).
enum class Cause : std::uint8_t { command, expired, evicted, element_expired, miss };

// What happened to a key: its name and class as keyspace notifications tell them
// ('$' string, 'h' hash, 'g' generic, 'x' expired, 'e' evicted, 'n' new, '\0' none: not to be
// told).
struct Event {
  std::string_view name;
  char kind;
};

namespace events {
inline constexpr Event kSet{"set", '$'};
inline constexpr Event kAppend{"append", '$'};
inline constexpr Event kSetRange{"setrange", '$'};
inline constexpr Event kSetBit{"setbit", '$'};
inline constexpr Event kPfAdd{"pfadd", '$'};
inline constexpr Event kIncrBy{"incrby", '$'};
inline constexpr Event kIncrByFloat{"incrbyfloat", '$'};
inline constexpr Event kDel{"del", 'g'};
inline constexpr Event kExpire{"expire", 'g'};
inline constexpr Event kPersist{"persist", 'g'};
inline constexpr Event kRenameFrom{"rename_from", 'g'};
inline constexpr Event kRenameTo{"rename_to", 'g'};
inline constexpr Event kMoveFrom{"move_from", 'g'};
inline constexpr Event kMoveTo{"move_to", 'g'};
inline constexpr Event kCopyTo{"copy_to", 'g'};
inline constexpr Event kExpired{"expired", 'x'};
inline constexpr Event kEvicted{"evicted", 'e'};
inline constexpr Event kFieldExpired{"hexpired", 'h'};
// A key that was not there before is about to be; recorded only where wanted (tell_new_keys).
inline constexpr Event kNew{"new", 'n'};
inline constexpr Event kMiss{"keymiss", 'm'};
// The value's bytes changed but not what they mean: others must follow, nobody is notified.
inline constexpr Event kSilent{"", '\0'};
// A whole database, or all of them, was emptied; its change names no key.
inline constexpr Event kFlush{"flush", 'g'};
// Two databases changed places; one such change for each of the two, and neither names a key.
inline constexpr Event kSwap{"swapdb", 'g'};
}  // namespace events

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
  // What nobody but notifications cares for: keys that reads did not meet, and keys that come
  // into being. Recorded while wanted, beside the change itself.
  void tell_misses(bool wanted) { wants_misses_ = wanted; }
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
  void add_miss(int db, std::string_view key) {
    if (__builtin_expect(wants_misses_, 0)) record({events::kMiss, Cause::miss, db, key});
  }
  void add_new_key(int db, std::string_view key) {
    if (__builtin_expect(wants_new_keys_, 0)) record({events::kNew, Cause::command, db, key});
  }
  // Every key of a database went, or of all of them (db < 0).
  void add_flush(int db, std::uint64_t keys);

  bool empty() const { return entries_.empty(); }
  // The recorded changes in their order; keys are resolved into the log's own copy.
  std::span<const Change> entries() const { return entries_; }
  void clear();

  // Changes since the start, as rdb_changes_since_last_save counts them.
  std::uint64_t changes() const { return changes_; }

 private:
  using Text = std::vector<char, memory::Allocator<char, memory::Owner::runtime>>;

  void record(Change change);
  std::string_view keep(std::string_view text);

  std::uint64_t changes_ = 0;
  int listeners_ = 0;
  bool wants_misses_ = false;
  bool wants_new_keys_ = false;
  std::vector<Change> entries_;
  std::vector<Text> texts_;
};

}  // namespace larder::keyspace
