#pragma once

// A database: its keys with their values and deadlines. All changes to data go through
// here, so that the ledger, the expires index and the change log are always right.

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "larder/base/clock.h"
#include "larder/keyspace/before_change.h"
#include "larder/keyspace/big_keys.h"
#include "larder/keyspace/change_log.h"
#include "larder/keyspace/entry.h"
#include "larder/keyspace/graveyard.h"
#include "larder/keyspace/metrics.h"
#include "larder/keyspace/miss_sink.h"
#include "larder/keyspace/open_entry.h"
#include "larder/keyspace/removals.h"
#include "larder/keyspace/tables.h"

namespace larder::keyspace {

// How a lookup counts: as a use and a hit or miss; as a hit or miss without changing when the
// key was last used; or as neither, on the way to a write.
enum class Look : std::uint8_t { read, untouched, write };

// What a lookup of a value of type T found.
template <typename T>
class Found {
 public:
  Found() = default;
  [[gnu::always_inline]] explicit Found(Entry* entry)
      : entry_(entry), wrong_type_(entry != nullptr && entry->type() != T::kType) {
    if (entry_ != nullptr && !wrong_type_) value_.emplace(entry_->value<T>());
  }

  explicit operator bool() const { return value_.has_value(); }
  bool wrong_type() const { return wrong_type_; }
  const T* operator->() const { return &*value_; }
  const T& operator*() const { return *value_; }
  Entry* entry() const { return entry_; }

 private:
  Entry* entry_ = nullptr;
  std::optional<T> value_;
  bool wrong_type_ = false;
};

// When a stored key shall go: never, at a time, or as the key it replaces.
class Deadline {
 public:
  static Deadline never() { return {}; }
  static Deadline at(std::int64_t unix_ms) { return Deadline(unix_ms, false); }
  static Deadline kept() { return Deadline(std::nullopt, true); }

  // A time was given, rather than none or the one there was.
  bool is_new() const { return at_.has_value(); }

  std::optional<std::int64_t> resolve(const Entry* replaced) const {
    return keep_ && replaced != nullptr ? replaced->deadline() : at_;
  }

 private:
  Deadline() = default;
  Deadline(std::optional<std::int64_t> at, bool keep) : at_(at), keep_(keep) {}
  std::optional<std::int64_t> at_;
  bool keep_ = false;
};

template <typename T>
class Edit;

// What databases share; owned by the Keyspace.
struct Shared {
  const base::Clock& clock;
  const struct AccessPolicy& access;
  ChangeLog& log;
  Graveyard& graveyard;
  Metrics& metrics;
  BigKeys& big_keys;
  const Removals& removals;
  const BeforeChanges& before_changes;
  // Null unless somebody wants to hear of misses.
  MissSink* const& miss_sink;
};

class Database {
 public:
  Database(int index, const Shared& shared);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  int index() const { return index_; }
  std::size_t size() const { return entries_.size(); }
  std::size_t volatile_size() const { return expires_.size(); }

  // Before this many keys are loaded into an empty database, of which so many have a deadline.
  void reserve(std::uint64_t keys, std::uint64_t volatile_keys) {
    entries_.reserve(keys);
    expires_.reserve(volatile_keys);
  }

  // Brings the key's bucket, then its entry, into cache ahead of the lookup.
  void prefetch(std::uint64_t hash) const { entries_.prefetch(hash); }
  void prefetch_entry(std::uint64_t hash) const { entries_.prefetch_candidate(hash); }

  // The key's entry; an expired one is removed and not found, or, for a reader while removals are
  // held, only not found (keyspace/removals.h). The entry stays where it is until the next change
  // to this database.
  Entry* look(const Key& key, Look how);
  template <typename T>
  Found<T> find(const Key& key, Look how = Look::read) {
    return Found<T>(look(key, how));
  }

  // Stores a string, replacing whatever the key held. Logs `event`, and `expire` with it where
  // a new deadline was given.
  void put(const Key& key, std::string_view bytes, Deadline deadline = Deadline::never(),
           Event event = Event::set);

  // The same with a string of `size` bytes that the caller must write before anything else
  // happens; returns where they stand. Never an integer, and what the key held before stays
  // readable until the command ends, so the new value may be made from it.
  char* put_unwritten(const Key& key, std::size_t size, Event event);

  // Stores a collection's storage (types/type.h), replacing whatever the key held, and adopts it.
  // Null storage removes the key, logged as del. Logs `event`.
  void put_storage(const Key& key, types::Type type, void* storage, Event event,
                   Deadline deadline = Deadline::never());

  // Opens a value for change: an existing string, or a collection, whose entry is null where the
  // key is to be made (keyspace/edit.h). The edit must not outlive the next other change. Asks the
  // hooks before a change at once, whether or not the edit is used.
  template <typename T>
  Edit<T> edit(const Key& key, Entry* entry, Event event) {
    return Edit<T>(*this, key, entry, event);
  }

  // Removes the key; false when there is none.
  bool erase(const Key& key, Cause cause = Cause::command, Event event = Event::del);
  // The same for DEL and UNLINK, which say how INFO shall count it.
  bool erase(const Key& key, Freeing freeing);
  void erase(Entry* entry, std::uint64_t hash, Cause cause, Event event);

  // Gives the entry a deadline, or takes it away; the entry may move and its new place is
  // returned.
  Entry* expire_at(const Key& key, Entry* entry, std::int64_t unix_ms);
  Entry* persist(const Key& key, Entry* entry);

  // Frees elements past their own deadline, looking at about `lines` cache lines of the value, and
  // the key when none is left. True when the value has been looked through.
  bool expire_elements(Entry* entry, std::uint64_t hash, std::size_t lines);

  // Stores a copy of `source`'s value, which stands under another key or in another database,
  // with its deadline and last use, in place of whatever the key held.
  void put_copy(const Key& key, const Entry& source, Event event);
  // The same, taking the value away from `source`, which is removed from `from`. The changes
  // are logged as `left` there and `arrived` here.
  void put_moved(const Key& key, Database& from, const Key& source_key, Entry* source, Event left,
                 Event arrived);

  // Empties the database into the graveyard.
  void flush(Freeing freeing);

  // One step of SCAN: calls fn(Entry&) for some entries, about `count`, expired ones too, and
  // returns the cursor for the next step, 0 at the end.
  template <typename Fn>
  std::uint64_t scan(std::uint64_t cursor, std::size_t count, Fn&& fn) const;

  // A key picked uniformly; expired ones are removed and another is tried. nullptr when empty.
  // While removals are held, an expired one after a hundred of them.
  Entry* random(base::Rng& rng);

  // The entry whose key has this hash, expired or not, or null.
  Entry* find_hashed(std::uint64_t hash) const { return entries_.find_hashed(hash); }

  const EntryTable& entries() const { return entries_; }
  ExpiresTable& expires() { return expires_; }
  const ExpiresTable& expires() const { return expires_; }
  ElementExpiresTable& element_expires() { return element_expires_; }
  const ElementExpiresTable& element_expires() const { return element_expires_; }

  // What MEMORY USAGE tells of a key: entry, storage, and its slots in the tables.
  std::size_t memory_usage(const Entry& entry) const;

  // Estimated by the sweeper.
  std::int64_t average_ttl_ms = 0;

  // Exchanges the contents; both keep their numbers.
  void swap(Database& other) noexcept;

 private:
  template <typename T>
  friend class Edit;

  // The way to change what a table knows: asks the hooks first. A null entry stays null.
  OpenEntry open(Entry* entry, std::uint64_t hash, Intent intent) const {
    if (entry != nullptr) shared_.before_changes.ask(index_, hash, *entry, intent);
    return OpenEntry(entry);
  }
  // Ends an edit: puts the collection's storage into its entry, or makes the entry, or removes what
  // has become empty.
  void close(const Key& key, OpenEntry entry, types::Type type, void* storage, bool empty,
             Event event, bool changed);
  std::int64_t now_ms() const { return shared_.clock.unix_ms(); }
  // What a lookup makes of an entry past its deadline.
  Entry* meet_expired(Entry* entry, std::uint64_t hash, Look how);
  // The entry that a command is about to write over or remove, or null.
  Entry* find_to_change(const Key& key);
  OpenEntry open_to_replace(const Key& key) {
    return open(find_to_change(key), key.hash, Intent::replaces);
  }
  Freeing freeing_after(Cause cause) const;
  void bury_replaced(OpenEntry entry);
  void touch(Entry& entry);
  void insert(OpenEntry entry, std::uint64_t hash);
  void announce(const Key& key);
  // Puts the entry where the key stands, or inserts it.
  void store(const Key& key, OpenEntry entry);
  // Puts `now` where `before` stood and fixes the indexes; `before` is the caller's from then on.
  void replace(OpenEntry before, OpenEntry now, std::uint64_t hash);
  void index_deadline(std::optional<std::int64_t> before, Entry* entry, std::uint64_t hash);
  // The entry with its value under a head with this deadline.
  Entry* reshape(const Key& key, OpenEntry entry, std::optional<std::int64_t> deadline_ms);
  bool overwrite_in_place(OpenEntry old, const Entry::Shape& shape);
  void take_out(OpenEntry entry, std::uint64_t hash);
  void remove(OpenEntry entry, std::uint64_t hash, Cause cause, Event event);
  // Brings the index of element deadlines in line with the entry's value, or takes it out.
  void index_elements(OpenEntry entry, std::uint64_t hash);
  // Tells the largest keys of an entry that was stored.
  void note_size(const Entry* entry, std::uint64_t hash);
  void note_storage(const Entry* entry, std::uint64_t hash);
  void unindex_elements(OpenEntry entry, std::uint64_t hash);

  int index_;
  Shared shared_;
  EntryTable entries_;
  ExpiresTable expires_;
  ElementExpiresTable element_expires_;
};

template <typename Fn>
std::uint64_t Database::scan(std::uint64_t cursor, std::size_t count, Fn&& fn) const {
  std::size_t seen = 0;
  do {
    cursor = entries_.scan(cursor, [&](Entry* entry) {
      ++seen;
      fn(*entry);
    });
  } while (cursor != 0 && seen < count);
  return cursor;
}

// An open string: changes it in place where the block has room, moves it where not, and logs
// one change when it ends.
template <>
class Edit<types::String> {
 public:
  Edit(Database& db, const Key& key, Entry* entry, Event event)
      : db_(db), key_(key), entry_(db.open(entry, key.hash, Intent::edits)), event_(event) {}
  ~Edit() {
    if (!discarded_) db_.shared_.log.add(event_, db_.index_, key_.name);
  }
  Edit(const Edit&) = delete;
  Edit& operator=(const Edit&) = delete;

  std::size_t size() const { return entry_->string().size(); }

  void number(std::int64_t value);
  void append(std::string_view bytes);
  // Writes at an offset, filling a gap behind the old end with zero bytes.
  void overwrite(std::size_t offset, std::string_view bytes);
  // Makes the value `size` bytes long, old bytes kept and new ones zero, and returns where they
  // stand, to be written until the edit ends or changes the size again.
  char* bytes(std::size_t size);

  // Nothing was changed after all: no entry in the log.
  void discard() { discarded_ = true; }

 private:
  // Makes the value `size` bytes long, old bytes kept, and returns where they stand.
  char* resize(std::size_t size);
  types::Blob* resize_blob(types::Blob* blob, std::size_t size);
  char* resize_into_new(std::string_view old, std::size_t size);

  Database& db_;
  Key key_;
  OpenEntry entry_;
  Event event_;
  bool discarded_ = false;
};

}  // namespace larder::keyspace
