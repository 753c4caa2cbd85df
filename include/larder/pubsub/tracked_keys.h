#pragma once

// Which sessions may have copies of which keys: for each key the numbers of the sessions that have
// read it. Keys are names, for all databases together. The numbers of an ended session stay; each
// is dropped when its key changes, or when the list of its key has no room left.
//
// Cost: a lookup for each key that is read or changed; 32 bytes and the name for a key with one
// reader, all charged to tracking.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "larder/base/budget.h"
#include "larder/base/rng.h"
#include "larder/memory/heap.h"
#include "larder/types/table.h"

namespace larder::pubsub {

// Its name follows it in the same block.
struct TrackedKey {
  std::uint64_t hash;
  std::uint32_t name_bytes;
  std::uint32_t count = 1;
  std::uint32_t room = 1;
  union {
    std::uint64_t reader;    // with room for one
    std::uint64_t* readers;  // in ascending order
  };

  std::string_view name() const { return {reinterpret_cast<const char*>(this + 1), name_bytes}; }
  std::size_t bytes() const { return sizeof(TrackedKey) + name_bytes; }
  std::span<std::uint64_t> all() { return {room == 1 ? &reader : readers, count}; }
};

struct TrackedKeyTraits {
  using Element = TrackedKey;
  static constexpr memory::Owner kOwner = memory::Owner::tracking;
  static std::string_view key(const TrackedKey& key) { return key.name(); }
  static std::uint64_t hash(const TrackedKey& key) { return key.hash; }
};

class TrackedKeys {
 public:
  // The object that returns whether the session with a number still tracks.
  class Readers {
   public:
    virtual ~Readers() = default;
    virtual bool is_reader(std::uint64_t id) const = 0;
  };

  TrackedKeys() = default;
  ~TrackedKeys();
  TrackedKeys(const TrackedKeys&) = delete;
  TrackedKeys& operator=(const TrackedKeys&) = delete;

  // True when the key was not there before.
  bool remember(std::string_view name, std::uint64_t reader, const Readers& readers);

  // If a session has read the key, calls fn(key) and removes the key.
  template <typename Fn>
  void forget(std::string_view name, std::uint64_t hash, Fn fn) {
    TrackedKey* const key = keys_.erase(name, hash);
    if (key == nullptr) return;
    fn(*key);
    release(key);
  }
  // The same with any key; there must be one.
  template <typename Fn>
  void forget_any(base::Rng& rng, Fn fn) {
    TrackedKey* const key = keys_.random(rng);
    keys_.erase(key, key->hash);
    fn(*key);
    release(key);
  }
  // Removes all keys; their memory is freed by free_some().
  void clear();
  bool has_removed_tables() const { return !dead_.empty(); }
  // True when nothing is left to free.
  bool free_some(base::Budget& budget);

  std::size_t size() const { return keys_.size(); }
  // Pairs of key and reader.
  std::size_t items() const { return items_; }

  // What it takes, at the allocator's sizes: a walk over all.
  std::size_t held_bytes() const;

 private:
  using Table = types::Table<TrackedKeyTraits>;

  void add(TrackedKey& key, std::uint64_t reader, const Readers& readers);
  void make_room(TrackedKey& key, const Readers& readers);
  void release(TrackedKey* key) {
    items_ -= key->count;
    destroy(key);
  }
  static void destroy(TrackedKey* key);
  static std::size_t held_bytes(const Table& keys);

  Table keys_;
  std::size_t items_ = 0;
  std::vector<Table> dead_;
};

}  // namespace larder::pubsub
