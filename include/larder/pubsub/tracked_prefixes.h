#pragma once

// Prefixes of keys, the sessions that track them, and the keys with these prefixes that have
// changed since the last invalidation. A key is stored once, however often it changes.
//
// Cost of a change: a lookup for each length that a prefix has.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "larder/memory/heap.h"
#include "larder/types/table.h"

namespace larder::pubsub {

class Tracker;

// A key that changed; its name follows it in the same block.
struct ChangedKey {
  std::uint64_t hash;
  std::uint64_t writer;  // the session that changed it last; 0 for expiry and eviction
  std::size_t name_bytes;

  std::string_view name() const { return {reinterpret_cast<const char*>(this + 1), name_bytes}; }
  std::size_t bytes() const { return sizeof(ChangedKey) + name_bytes; }
};

struct ChangedKeyTraits {
  using Element = ChangedKey;
  static constexpr memory::Owner kOwner = memory::Owner::tracking;
  static std::string_view key(const ChangedKey& key) { return key.name(); }
  static std::uint64_t hash(const ChangedKey& key) { return key.hash; }
};

// Its name follows it in the same block.
struct TrackedPrefix {
  using Trackers = std::vector<Tracker*, memory::Allocator<Tracker*, memory::Owner::tracking>>;

  std::uint64_t hash;
  std::size_t name_bytes;
  Trackers trackers;
  types::Table<ChangedKeyTraits> changed;

  std::string_view name() const { return {reinterpret_cast<const char*>(this + 1), name_bytes}; }
  std::size_t bytes() const { return sizeof(TrackedPrefix) + name_bytes; }
};

struct TrackedPrefixTraits {
  using Element = TrackedPrefix;
  static constexpr memory::Owner kOwner = memory::Owner::tracking;
  static std::string_view key(const TrackedPrefix& prefix) { return prefix.name(); }
  static std::uint64_t hash(const TrackedPrefix& prefix) { return prefix.hash; }
};

class TrackedPrefixes {
 public:
  using Keys = std::vector<const ChangedKey*>;

  TrackedPrefixes() = default;
  // There must be no trackers any more.
  ~TrackedPrefixes();
  TrackedPrefixes(const TrackedPrefixes&) = delete;
  TrackedPrefixes& operator=(const TrackedPrefixes&) = delete;

  // No effect if the tracker has the prefix already.
  void add(Tracker& tracker, std::string_view name);
  // Removes all prefixes of the tracker.
  void remove(Tracker& tracker);

  void note(std::string_view key, std::uint64_t writer);
  bool has_changes() const { return !changed_.empty(); }
  // Calls fn(prefix, keys) for each prefix with changed keys, prefixes and keys in the order of
  // their names, and removes the changes.
  template <typename Fn>
  void take_changes(Fn fn) {
    sort_changed();
    for (TrackedPrefix* prefix : changed_) {
      fn(*prefix, keys_of(*prefix));
      forget_changes(*prefix);
    }
    changed_.clear();
  }

  std::size_t size() const { return prefixes_.size(); }
  // What it takes, at the allocator's sizes: a walk over all.
  std::size_t held_bytes() const;

 private:
  // How many prefixes have this many bytes.
  struct Length {
    std::size_t bytes;
    std::size_t prefixes;
  };

  TrackedPrefix& prefix_for(std::string_view name);
  void drop(TrackedPrefix& prefix);
  void note(TrackedPrefix& prefix, std::string_view key, std::uint64_t writer);
  std::vector<Length>::iterator length_at(std::size_t bytes);
  void sort_changed();
  static Keys keys_of(const TrackedPrefix& prefix);
  static void forget_changes(TrackedPrefix& prefix);

  types::Table<TrackedPrefixTraits> prefixes_;
  std::vector<Length> lengths_;  // ascending
  std::vector<TrackedPrefix*> changed_;
};

}  // namespace larder::pubsub
