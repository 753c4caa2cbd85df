#pragma once

// The log of changes in the keyspace. The parts that react to writes (WATCH, blocked clients,
// notifications, the journal, replicas) read it after the command; commands, eviction and expiry
// only write it.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "larder/base/assert.h"
#include "larder/keyspace/events.h"

namespace larder::keyspace {

// The reason for the removal of a key, if it was removed; element_expired: of an element.
enum class Cause : std::uint8_t { command, expired, evicted, element_expired };

struct Change {
  Event event;
  Cause cause;
  int db;
  std::string_view key;  // valid until the log is cleared, like the element
  // The element of the key that expired; nothing if the change is that of the key.
  std::optional<std::string_view> element{};
};

class ChangeLog {
 public:
  // The log has one more reader of all changes from now on. Without readers changes are only
  // counted.
  void listen() { ++listeners_; }
  void unlisten() { --listeners_; }
  // One more reader of what happens to keys without a command: expiry and eviction. Of commands it
  // only learns whether they changed something: command_changed().
  void listen_to_removals() {
    ++removal_listeners_;
    command_changed_ = false;
  }
  void unlisten_to_removals() { --removal_listeners_; }
  // Whether to record new keys as well, in addition to the change itself. Only notifications need
  // them.
  void set_new_keys_wanted(bool wanted) { wants_new_keys_ = wanted; }
  bool wants_new_keys() const { return wants_new_keys_; }

  void add(Event event, int db, std::string_view key, Cause cause = Cause::command) {
    if (cause == Cause::command) {
      ++changes_;
      command_changed_ = true;
      if (__builtin_expect(listeners_ > 0, 0)) record({event, cause, db, key});
    } else if (__builtin_expect(listeners_ + removal_listeners_ > 0, 0)) {
      record({event, cause, db, key});
    }
  }
  // An element of the key was removed because its deadline has passed; without one, the key itself,
  // after its last element.
  void add_expired(Event event, int db, std::string_view key,
                   std::optional<std::string_view> element) {
    if (listeners_ + removal_listeners_ > 0) {
      record({event, Cause::element_expired, db, key, element});
    }
  }
  // The changes of commands are counted in elements: a change that was added, or will be, counts as
  // `more` further changes; negative if it counts as none.
  void count_more(std::int64_t more) { changes_ += static_cast<std::uint64_t>(more); }
  // A further event of the change just added, such as SET's `expire`; the two count as one.
  void also(Event event, int db, std::string_view key) {
    if (__builtin_expect(listeners_ > 0, 0)) record({event, Cause::command, db, key});
  }
  void add_new_key(int db, std::string_view key) {
    if (__builtin_expect(wants_new_keys_, 0)) record({Event::new_key, Cause::command, db, key});
  }
  // Every key of a database was removed, or of all databases (db < 0).
  void add_flush(int db, std::uint64_t keys);

  bool empty() const { return entries_.empty(); }
  // Whether a command changed something since the last clear().
  bool command_changed() const { return command_changed_; }
  // The recorded changes in their order; keys are resolved into the log's own copy.
  std::span<const Change> entries() const { return entries_; }
  void clear();

  // Calls fn with the recorded changes and clears the log. Until fn returns the keyspace must not
  // change: a change in the meantime ends the process.
  template <typename Fn>
  void read(Fn fn) {
    const std::uint64_t changes = changes_;
    being_read_ = true;
    fn(entries());
    being_read_ = false;
    LARDER_ASSERT(changes_ == changes);
    clear();
  }

  // Changes of commands since the start, as rdb_changes_since_last_save counts them.
  std::uint64_t changes() const { return changes_; }

 private:
  // Names of keys, concatenated. Stays where it is while changes point into it.
  struct Text {
    std::unique_ptr<char[]> bytes;
    std::size_t used;
    std::size_t capacity;
  };

  void record(Change change);
  std::string_view keep(std::string_view text);

  std::uint64_t changes_ = 0;
  int listeners_ = 0;
  int removal_listeners_ = 0;
  bool command_changed_ = false;
  bool wants_new_keys_ = false;
  bool being_read_ = false;
  std::vector<Change> entries_;
  std::vector<Text> texts_;
};

}  // namespace larder::keyspace
