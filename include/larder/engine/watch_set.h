#pragma once

// WATCH: which sessions watch which keys. After each command the set reads what it changed and
// notes which sessions are concerned; their EXEC answers a null array. The log is listened to only
// while a session watches. Many watches go in steps after their session has ended or unwatched.
//
// No step walks over all watches: a database that is flushed or swapped is counted as replaced,
// which each session that watches existing keys of it compares when it is asked; and of deadlines
// the earliest is kept, since one that moves is a change. Only a swap looks at watched keys that
// did not exist, or at the keys that come, whichever are fewer.
//
// A change of consumer groups is none of the key's. A key whose deadline had passed when it was
// watched may go without anybody minding.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "larder/base/clock.h"
#include "larder/engine/change_sink.h"
#include "larder/engine/session.h"
#include "larder/keyspace/keyspace.h"
#include "larder/memory/audit.h"
#include "larder/types/table.h"

namespace larder::engine {

class Watcher;

// A key that somebody watches; its name stands behind it in the same block.
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

class WatchSet final : public ChangeSink, public memory::Witness {
 public:
  explicit WatchSet(keyspace::Keyspace& keyspace);
  // Nobody may watch any more.
  ~WatchSet() override;
  WatchSet(const WatchSet&) = delete;
  WatchSet& operator=(const WatchSet&) = delete;

  // Watches a key of the session's database. Watching it again, or when the session has lost
  // already, does nothing.
  void watch(Session& session, std::string_view name);
  // Watches nothing any more, and has lost nothing.
  void unwatch(Session& session);

  // Whether a watched key changed, or its deadline has passed, since the session watched it.
  // Cost: the same however many keys it watches.
  bool has_lost(const Session& session) const;
  // A change was noted; CLIENT LIST's flag d.
  static bool is_dirty(const Session& session);
  // How many keys the session watches.
  static std::size_t watched_by(const Session& session);

  void read(std::span<const keyspace::Change> changes) override;

  std::size_t sessions() const { return sessions_; }
  std::size_t keys() const { return keys_; }

  // Tells the audit of everything that watching costs: client_input.
  void testify(memory::Audit& audit) const override;

 private:
  friend class Watcher;
  using Keys = types::Table<WatchedKeyTraits>;
  using Watch = WatchedKey::Watch;

  WatchedKey& key_for(int db, std::string_view name);
  void drop(Watch& watch);
  // Forgets up to `pieces` of the watches, whose session has lost or watches no more, and takes
  // their number off.
  void drop_some(Watcher& watcher, std::size_t& pieces);
  void spoil(Watcher& watcher);
  void note_flush(int db);
  void note_swap(int db);
  void note_arrival(WatchedKey& key, const keyspace::Entry& entry,
                    std::vector<Watcher*>& concerned) const;
  const keyspace::Entry* entry_of(const WatchedKey& key) const;
  void note_existing(Watcher& watcher, int db, const keyspace::Entry& entry) const;
  bool was_replaced(const Watcher& watcher) const;

  keyspace::Keyspace& keyspace_;
  std::vector<Keys> by_name_;            // for each database
  std::vector<std::uint64_t> replaced_;  // how often each was flushed or swapped
  std::vector<std::size_t> absent_;      // watches in each of keys that did not exist
  Watcher* first_ = nullptr;
  std::size_t sessions_ = 0;  // that watch a key, or did and are taken apart
  std::size_t keys_ = 0;
};

}  // namespace larder::engine
