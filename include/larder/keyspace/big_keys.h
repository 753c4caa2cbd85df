#pragma once

// The largest keys of each type, known at any time with a fixed amount of memory. A key is added
// when it is stored or edited, or when a walk over all keys visits it, if it is larger than the
// smallest key in the list. The list contains hashes: a removed key is detected when its hash is
// not found, and a smaller one when it is measured again.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "larder/types/type.h"

namespace larder::keyspace {

class Entry;
class Keyspace;

// A key and its bytes, including its slots in the tables, as in MEMORY USAGE.
struct BigKey {
  int db;
  const Entry* entry;
  std::size_t bytes;
};

class BigKeys {
 public:
  // The most time of one step of the walk.
  static constexpr std::int64_t kMostUs = 500;

  // The number of keys for each type.
  static constexpr std::size_t kMost = 64;

  struct Candidate {
    std::uint64_t hash;
    std::size_t bytes;
    int db;
  };
  struct Pool {
    std::array<Candidate, kMost> items;
    std::size_t size = 0;
  };

  // Reports a key of this size. Costs a comparison unless it is among the largest.
  void note(int db, std::uint64_t hash, types::Type type, std::size_t bytes) {
    if (__builtin_expect(bytes > floors_[index(type)], 0)) keep(db, hash, type, bytes);
  }
  // Every kEditsNoted-th edit of a collection is checked: one that grows is found soon.
  bool is_due() { return __builtin_expect(++edits_ % kEditsNoted == 0, 0); }

  // Exchanges two databases.
  void swap(int a, int b);
  // A database was emptied.
  void forget(int db);

  // Continues the walk for `us` microseconds, at most to the end of the keys, and measures some
  // keys of the list again. True if it reached the end.
  bool walk(Keyspace& keyspace, std::int64_t us);
  // Measures all keys of the list again and drops those that were removed.
  void measure(Keyspace& keyspace);
  // Clears the list; ignores keys until start().
  void stop();
  void start();
  bool is_stopped() const { return stopped_; }

  const Pool& pool(types::Type type) const { return pools_[index(type)]; }

  // Microseconds that the walk may take for the time since the last call.
  std::int64_t add_allowance(std::int64_t now_us);

 private:
  static constexpr std::uint32_t kEditsNoted = 16;

  static constexpr std::size_t index(types::Type type) { return static_cast<std::size_t>(type); }
  void keep(int db, std::uint64_t hash, types::Type type, std::size_t bytes);
  void measure(Keyspace& keyspace, std::size_t type, std::size_t item);
  void set_floor(std::size_t type);

  // A key must be larger than this to be added; 0 while there is room.
  std::array<std::size_t, types::kTypes> floors_{};
  std::array<Pool, types::kTypes> pools_{};
  std::uint32_t edits_ = 0;
  bool stopped_ = false;
  // The position of the walk.
  std::size_t db_ = 0;
  std::uint64_t cursor_ = 0;
  std::size_t measured_ = 0;
  std::int64_t last_us_ = 0;
  std::int64_t earned_us_ = 0;
};

}  // namespace larder::keyspace
