#pragma once

// WATCH: which sessions watch which keys. After each command the set reads the change log and marks
// the sessions concerned; their EXEC then returns a null array. It listens to the log only while a
// session watches. If there are many watches, they are freed in steps after their session has ended
// or unwatched.
//
// No step visits all watches: a flush or a swap increments a counter of the database, which each
// session that watches existing keys of it compares when it is checked; and only the earliest
// deadline is kept, because a changed deadline is a change. A swap may also create watched keys
// that did not exist. If there are few keys or few watched keys, they are searched at once.
// Otherwise EXEC looks up the keys of its session. If by then the keys that arrived have left with
// another swap or a flush, this cannot be found out, and the session counts as changed.
//
// A change of consumer groups is not a change of the key. A key whose deadline had passed at the
// time of WATCH may be removed without effect.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "larder/base/clock.h"
#include "larder/engine/session.h"
#include "larder/engine/sinks.h"
#include "larder/keyspace/keyspace.h"
#include "larder/memory/audit.h"
#include "larder/types/table.h"

namespace larder::engine {

class Watcher;

// A watched key; its name follows it in the same block.
struct WatchedKey {
  struct Watch;

  int db;
  std::size_t name_bytes;
  std::uint64_t hash;
  Watch* first = nullptr;
  std::size_t watches = 0;

  std::string_view name() const { return {reinterpret_cast<const char*>(this + 1), name_bytes}; }
  std::size_t bytes() const { return sizeof(WatchedKey) + name_bytes; }
};

struct WatchedKeyTraits {
  using Element = WatchedKey;
  static constexpr memory::Owner kOwner = memory::Owner::client_input;
  static std::string_view key(const WatchedKey& key) { return key.name(); }
  static std::uint64_t hash(const WatchedKey& key) { return key.hash; }
};

class WatchSet final : public ChangeSink, public memory::AuditedOwner {
 public:
  explicit WatchSet(keyspace::Keyspace& keyspace);
  // No session may still be watching.
  ~WatchSet() override;
  WatchSet(const WatchSet&) = delete;
  WatchSet& operator=(const WatchSet&) = delete;

  // Watches a key of the session's database. Does nothing if the session watches it already, or is
  // already marked as changed.
  void watch(Session& session, std::string_view name);
  // Ends all watches of the session and clears its mark.
  void unwatch(Session& session);

  // Whether a watched key changed, or its deadline has passed, since the session watched it.
  // Cost: the same however many keys it watches, except after a swap: then its keys that did not
  // exist are looked up.
  bool has_changed(const Session& session) const;
  // A change was found; CLIENT LIST's flag d.
  static bool is_dirty(const Session& session);
  // How many keys the session watches.
  static std::size_t watched_by(const Session& session);

  void read(std::span<const keyspace::Change> changes) override;

  std::size_t sessions() const { return sessions_; }
  std::size_t keys() const { return keys_; }

  // Reports all memory of watches to the audit: client_input.
  void report_bytes(memory::Audit& audit) const override;

 private:
  friend class Watcher;
  using Keys = types::Table<WatchedKeyTraits>;
  using Watch = WatchedKey::Watch;

  WatchedKey& key_for(int db, std::string_view name);
  Watcher& watcher_of(Session& session);
  static bool is_watched_by(const WatchedKey& key, const Watcher& watcher);
  void add_watch(Watcher& watcher, WatchedKey& key);
  void drop(Watch& watch);
  // Frees up to `pieces` of the watches of a session that is marked or has ended them, and
  // subtracts their number.
  void drop_some(Watcher& watcher, std::size_t& pieces);
  void mark_dirty(Watcher& watcher);
  void note_flush(int db);
  void note_swap(int db);
  void search_arrivals(std::size_t db);
  void note_arrival(WatchedKey& key, const keyspace::Entry& entry,
                    std::vector<Watcher*>& concerned) const;
  const keyspace::Entry* entry_of(const WatchedKey& key) const;
  void note_existing(Watcher& watcher, int db, const keyspace::Entry& entry) const;
  void note_absent(Watcher& watcher, int db);
  bool may_have_arrived(const Watcher& watcher) const;
  bool exists_now(const Watch& watch) const;
  bool was_replaced(const Watcher& watcher) const;

  keyspace::Keyspace& keyspace_;
  std::vector<Keys> by_name_;            // for each database
  std::vector<std::uint64_t> replaced_;  // how often each was flushed or swapped
  // Arrivals in a database in which keys are watched that did not exist, as far as they were not
  // searched at once.
  struct Arrivals {
    std::size_t watches = 0;  // of such keys
    std::uint64_t swaps = 0;
    bool left = false;  // the keys of the last swap have left
  };
  std::vector<Arrivals> arrivals_;  // for each database
  Watcher* first_ = nullptr;
  std::size_t sessions_ = 0;  // sessions that watch a key, or did and whose watches are being freed
  std::size_t keys_ = 0;
};

}  // namespace larder::engine
