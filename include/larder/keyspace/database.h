#pragma once

// A database: its keys with their values and deadlines. All changes to data use this class, so that
// the ledger, the expires index and the change log are always right.

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "larder/base/budget.h"
#include "larder/base/clock.h"
#include "larder/keyspace/before_change.h"
#include "larder/keyspace/big_keys.h"
#include "larder/keyspace/change_log.h"
#include "larder/keyspace/entry.h"
#include "larder/keyspace/graveyard.h"
#include "larder/keyspace/metrics.h"
#include "larder/keyspace/open_entry.h"
#include "larder/keyspace/removals.h"
#include "larder/keyspace/tables.h"
#include "larder/memory/mover.h"
#include "larder/types/relocation.h"

namespace larder::keyspace {

// How a lookup counts: as a use and a hit or miss; as a hit or miss without changing when the
// key was last used; or as neither, on the way to a write.
enum class Look : std::uint8_t { read, untouched, write };

// The result of a lookup of a value of type T.
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
  const T* operator->() const { return &**this; }
  const T& operator*() const {
    if constexpr (std::is_same_v<T, types::String>) {
      return *value_;
    } else {
      return **value_;
    }
  }
  // Only where there is a value.
  const Value<T>& value() const { return *value_; }
  Entry* entry() const { return entry_; }

 private:
  Entry* entry_ = nullptr;
  std::optional<Value<T>> value_;
  bool wrong_type_ = false;
};

// The deadline of a key to store: none, a time, or that of the key it replaces.
class Deadline {
 public:
  static Deadline never() { return {}; }
  static Deadline at(std::int64_t unix_ms) { return Deadline(unix_ms, false); }
  static Deadline kept() { return Deadline(std::nullopt, true); }

  // A new time was given: neither none nor the existing one.
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

// Called for each key that a read did not find, during the read. Misses are not changes, so they
// are not in the change log. Must not change the keyspace or write a reply.
class MissSink {
 public:
  virtual ~MissSink() = default;
  virtual void missed(int db, std::string_view key) = 0;
};

// What is written into new memory of a string.
enum class Contents : std::uint8_t { bytes, zeros };

template <typename T>
class Edit;
struct AccessPolicy;

// Data that all databases share; owned by the Keyspace.
struct Shared {
  const base::Clock& clock;
  const AccessPolicy& access;
  ChangeLog& log;
  Graveyard& graveyard;
  Metrics& metrics;
  BigKeys& big_keys;
  const Removals& removals;
  const BeforeChanges& before_changes;
  // Null if no part of the server needs misses.
  MissSink* const& miss_sink;
};

class Database {
 public:
  Database(int index, const Shared& shared);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  int index() const { return index_; }
  // The unix time to compare deadlines with: that of the beginning of the turn.
  std::int64_t now_ms() const { return shared_.clock.unix_ms(); }
  // Only commands remove keys and fields (keyspace/removals.h).
  bool removals_held() const { return shared_.removals.held(); }
  // The same, or a hook has no room for their values now. For readers that have found something to
  // remove.
  bool defers_removals() const {
    return removals_held() || shared_.before_changes.defers_removals();
  }
  // For commands, what has a deadline up to this time does not exist: the present time, or a time
  // before all deadlines while commands of another server are repeated.
  std::int64_t expired_until_ms() const {
    return shared_.removals.repeats() ? types::kLongAgo : now_ms();
  }
  // A key or field that gets this deadline must be removed instead.
  bool is_past(std::int64_t deadline_ms) const {
    return deadline_ms <= now_ms() && !shared_.removals.are_received();
  }
  base::Rng& rng() const;
  // How the uses of entries are recorded.
  const AccessPolicy& access() const { return shared_.access; }
  std::size_t size() const { return entries_.size(); }
  std::size_t volatile_size() const { return expires_.size(); }
  // The bytes of the entries with a deadline and of their values. Only between changes: without
  // those of an entry that is open.
  std::uint64_t volatile_bytes() const { return volatile_bytes_; }

  // Call it before this many keys are loaded into an empty database; `volatile_keys` of them have a
  // deadline.
  void reserve(std::uint64_t keys, std::uint64_t volatile_keys) {
    entries_.reserve(keys);
    expires_.reserve(volatile_keys);
  }

  // Prefetches the key's bucket, then its entry, for a later lookup.
  void prefetch(std::uint64_t hash) const { entries_.prefetch(hash); }
  void prefetch_entry(std::uint64_t hash) const {
    const Entry* const entry = entries_.prefetch_candidate(hash);
    // Most entries of up to a cache line lie in two, because they begin at any multiple of 8.
    constexpr std::size_t kLineBytes = 64;
    if (entry != nullptr) base::prefetch(reinterpret_cast<const char*>(entry) + kLineBytes - 1);
  }

  // The key's entry. An expired one is removed, and the result is null; for a reader while removals
  // are held, only the result is null (keyspace/removals.h). The pointer is valid until the next
  // change to this database.
  Entry* look(const Key& key, Look how);
  template <typename T>
  Found<T> find(const Key& key, Look how = Look::read) {
    return Found<T>(look(key, how));
  }

  // Stores a string and replaces any old value of the key. Logs `event`, and `expire` as well if a
  // new deadline was given.
  void put(const Key& key, std::string_view bytes, Deadline deadline = Deadline::never(),
           Event event = Event::set);

  // The same with a string of `size` bytes; returns its memory, which the caller must write before
  // anything else happens, all of it or only zeros. It never becomes an integer, and the old value
  // of the key stays readable until the command ends, so the new value may be computed from it.
  char* put_unwritten(const Key& key, std::size_t size, Event event,
                      Contents contents = Contents::bytes);

  // Stores a collection's storage (types/type.h), replaces any old value of the key, and takes
  // ownership. Null storage removes the key, logged as del. Logs `event`.
  void put_storage(const Key& key, types::Type type, void* storage, Event event,
                   Deadline deadline = Deadline::never());

  // Opens a value for change: an existing string, or a collection, whose entry is null if the key
  // must be created (keyspace/edit.h). No other change may happen during the life of the edit.
  // Calls the hooks before a change at once, whether or not the edit is used.
  template <typename T>
  Edit<T> edit(const Key& key, Entry* entry, Event event) {
    return Edit<T>(*this, key, entry, event);
  }

  // Removes the key; false if it does not exist.
  bool erase(const Key& key, Cause cause = Cause::command, Event event = Event::del);
  // The same for DEL and UNLINK, which determine how INFO counts it.
  bool erase(const Key& key, Freeing freeing);
  void erase(Entry* entry, std::uint64_t hash, Cause cause, Event event);

  // Sets or removes the deadline of the entry; the entry may move, and its new address is returned.
  Entry* expire_at(const Key& key, Entry* entry, std::int64_t unix_ms);
  Entry* persist(const Key& key, Entry* entry);

  // Removes elements past their own deadline, visiting about `lines` cache lines of the value, and
  // the key if it becomes empty. True if the whole value has been visited, or if removals are held
  // or deferred by a hook.
  bool expire_elements(Entry* entry, std::uint64_t hash, std::size_t lines);
  // The same for the one element with this name, if it is past its deadline.
  void expire_element(Entry* entry, std::uint64_t hash, std::string_view element);

  // Stores a copy of the value of `source`, which has another key or is in another database, with
  // its deadline and last use, and replaces any old value of the key.
  void put_copy(const Key& key, const Entry& source, Event event);
  // The same, but moves the value from `source`, which is removed from `from`. The changes are
  // logged as `left` there and `arrived` here.
  void put_moved(const Key& key, Database& from, const Key& source_key, Entry* source, Event left,
                 Event arrived);

  // The change of the running command counts as `elements` changes instead of one.
  void count_changes(std::size_t elements) {
    shared_.log.count_more(static_cast<std::int64_t>(elements) - 1);
  }
  // Logs a further event of the change that was just made to the key; both count as one change.
  void log_also(Event event, const Key& key) { shared_.log.also(event, index_, key.name); }
  // Frees, in steps, a part that was taken out of a value, or a value that is not stored after all.
  void defer_free(types::Type type, void* storage) {
    if (storage != nullptr) shared_.graveyard.defer_free(type, storage);
  }
  // Graveyard::count_result().
  void count_result(std::size_t members) { shared_.graveyard.count_result(members); }

  // Moves all keys of the database into the graveyard, or into that of another keyspace.
  void flush(Freeing freeing) { flush_into(shared_.graveyard, freeing); }
  void flush_into(Graveyard& graveyard, Freeing freeing);

  // One step of SCAN: calls fn(Entry&) for some entries, about `count`, expired ones too, and
  // returns the cursor for the next step, 0 at the end.
  template <typename Fn>
  std::uint64_t scan(std::uint64_t cursor, std::size_t count, Fn&& fn) const;

  // A random key, uniformly distributed; expired ones are removed and another is tried. nullptr if
  // empty. While removals are held or deferred, an expired one after a hundred tries.
  Entry* random(base::Rng& rng);

  // The entry whose key has this hash, expired or not, or null.
  Entry* find_hashed(std::uint64_t hash) const { return entries_.find_hashed(hash); }

  const EntryTable& entries() const { return entries_; }
  ExpiresTable& expires() { return expires_; }
  const ExpiresTable& expires() const { return expires_; }
  ElementExpiresTable& element_expires() { return element_expires_; }
  const ElementExpiresTable& element_expires() const { return element_expires_; }

  // For moving blocks to other addresses (keyspace/evacuator.h). A move is not a change: no hook is
  // called and nothing is logged. Offers the block of the entry in this slot to the mover; false if
  // it stays.
  bool relocate_entry(EntryTable::Slot slot, std::uint64_t hash, memory::Mover& mover);
  // Offers the blocks of a part of a table, as Table::relocate_blocks() does: of the entries, of
  // the expires index, or of that of elements.
  static constexpr std::size_t kTables = 3;
  std::uint64_t relocate_table(std::size_t table, std::uint64_t cursor, memory::Mover& mover);
  // Offers blocks of the value; only for entries with Form::storage.
  static void relocate_value(Entry& entry, types::Relocation& walk, memory::Mover& mover,
                             base::Budget& budget);

  // The bytes of a key in MEMORY USAGE: entry, storage, and its slots in the tables.
  std::size_t memory_usage(const Entry& entry) const;

  // Estimated by the expiry cycle.
  std::int64_t average_ttl_ms = 0;

  // Exchanges the contents; both keep their numbers.
  void swap(Database& other) noexcept;

 private:
  template <typename T>
  friend class Edit;

  // The only way to change an entry of a table: calls the hooks first. A null entry stays null. If
  // the entry stays in the table, count_volatile() must follow when it has changed.
  OpenEntry open(Entry* entry, std::uint64_t hash, Intent intent) {
    if (entry != nullptr) {
      shared_.before_changes.before_change(index_, hash, *entry, intent);
      uncount_volatile(*entry);
    }
    return OpenEntry(entry);
  }
  void count_volatile(const Entry& entry) {
    if (entry.has_deadline()) volatile_bytes_ += entry.footprint();
  }
  void uncount_volatile(const Entry& entry) {
    if (entry.has_deadline()) volatile_bytes_ -= entry.footprint();
  }
  // Ends an edit: stores the collection's storage in its entry, creates the entry, or removes one
  // that has become empty.
  void close(const Key& key, OpenEntry entry, types::Type type, void* storage, bool empty,
             Event event, bool changed);
  // Handles an entry past its deadline in a lookup.
  Entry* handle_expired(Entry* entry, std::uint64_t hash, Look how);
  // The entry that a command will overwrite or remove, or null.
  Entry* find_to_change(const Key& key);
  OpenEntry open_to_replace(const Key& key) {
    return open(find_to_change(key), key.hash, Intent::replaces);
  }
  Freeing freeing_after(Cause cause) const;
  void defer_free_replaced(OpenEntry entry);
  void touch(Entry& entry);
  void insert(OpenEntry entry, std::uint64_t hash);
  void log_new_key(const Key& key);
  // Replaces the entry of the key, or inserts a new one.
  void store(const Key& key, OpenEntry entry);
  // Replaces `before`, which is open, by `now` and updates the indexes; the caller then owns
  // `before`.
  void replace(OpenEntry before, OpenEntry now, std::uint64_t hash);
  void index_deadline(std::optional<std::int64_t> before, Entry* entry, std::uint64_t hash);
  // Moves the entry's value to an entry whose header has room for this deadline.
  Entry* reshape(const Key& key, OpenEntry entry, std::optional<std::int64_t> deadline_ms);
  bool overwrite_in_place(OpenEntry old, const Entry::Shape& shape);
  void take_out(OpenEntry entry, std::uint64_t hash);
  void remove(OpenEntry entry, std::uint64_t hash, Cause cause, Event event);
  // Updates the entry in the index of element deadlines, or removes it from there.
  void index_elements(OpenEntry entry, std::uint64_t hash);
  // Reports an entry that was stored to the largest keys.
  void note_size(const Entry* entry, std::uint64_t hash);
  void note_storage(const Entry* entry, std::uint64_t hash);
  void unindex_elements(OpenEntry entry, std::uint64_t hash);
  // Updates the indexes after elements expired, or removes the key; true if it was removed.
  bool close_expired(OpenEntry entry, std::uint64_t hash);

  int index_;
  Shared shared_;
  EntryTable entries_;
  ExpiresTable expires_;
  ElementExpiresTable element_expires_;
  std::uint64_t volatile_bytes_ = 0;
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

// An open string: changes it in place if the block has room, otherwise moves it, and logs one
// change at the end.
template <>
class Edit<types::String> {
 public:
  Edit(Database& db, const Key& key, Entry* entry, Event event)
      : db_(db), key_(key), entry_(db.open(entry, key.hash, Intent::edits)), event_(event) {}
  ~Edit() {
    if (entry_) db_.count_volatile(*entry_);
    if (!discarded_) db_.shared_.log.add(event_, db_.index_, key_.name);
  }
  Edit(const Edit&) = delete;
  Edit& operator=(const Edit&) = delete;

  std::size_t size() const { return entry_->string().size(); }

  // Ends the edit.
  void number(std::int64_t value);
  void append(std::string_view bytes);
  // Writes at an offset; a gap after the old end is filled with zero bytes.
  void overwrite(std::size_t offset, std::string_view bytes);
  // Makes the value `size` bytes long: old bytes are kept and new ones are zero. Returns their
  // address, which is valid until the edit ends or changes the size again.
  char* bytes(std::size_t size);

  // Nothing was changed: no entry in the log.
  void discard() { discarded_ = true; }

 private:
  // Makes the value `size` bytes long, keeps old bytes, and returns their address. New bytes will
  // be written: all of them, or only zeros behind the old ones.
  char* resize(std::size_t size, Contents contents);
  types::Blob* resize_blob(types::Blob* blob, std::size_t size, Contents contents);
  char* resize_into_new(std::string_view old, std::size_t size, Contents contents);

  Database& db_;
  Key key_;
  OpenEntry entry_;
  Event event_;
  bool discarded_ = false;
};

}  // namespace larder::keyspace
