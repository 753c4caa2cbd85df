#pragma once

// The largest keys of each type, known at any time in a fixed amount of memory. A key gets in
// when it is stored or edited, or when a walk over all keys comes by, if it is larger than the
// smallest that is kept. Kept is its hash, so that what was removed is noticed when it is not
// found, and what shrank when it is measured again.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "larder/types/type.h"

namespace larder::keyspace {

class Entry;
class Keyspace;

// A key and what it takes, with its slots in the tables, as MEMORY USAGE tells it.
struct BigKey {
  int db;
  const Entry* entry;
  std::size_t bytes;
};

class BigKeys {
 public:
  // Kept of each type.
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

  // A key of so many bytes was seen. Costs a comparison unless it is among the largest.
  void note(int db, std::uint64_t hash, types::Type type, std::size_t bytes) {
    if (__builtin_expect(bytes > floors_[index(type)], 0)) keep(db, hash, type, bytes);
  }
  // Every kEditsNoted-th edit of a collection is looked at: one that grows is soon seen.
  bool is_due() { return __builtin_expect(++edits_ % kEditsNoted == 0, 0); }

  // Exchanges two databases.
  void swap(int a, int b);
  // A database was emptied.
  void forget(int db);

  // Walks on for `us` microseconds, to the end of the keys at most, and measures some of the kept
  // anew. Returns true when it came to the end.
  bool walk(Keyspace& keyspace, std::int64_t us);
  // Measures all that are kept anew and forgets those that went.
  void measure(Keyspace& keyspace);
  // Forgets everything; notes nothing until start().
  void stop();
  void start();
  bool is_stopped() const { return stopped_; }

  const Pool& pool(types::Type type) const { return pools_[index(type)]; }

  // Microseconds that the walk may take for the time since the last call.
  std::int64_t earn(std::int64_t now_us);

 private:
  static constexpr std::uint32_t kEditsNoted = 16;

  static constexpr std::size_t index(types::Type type) { return static_cast<std::size_t>(type); }
  void keep(int db, std::uint64_t hash, types::Type type, std::size_t bytes);
  void measure(Keyspace& keyspace, std::size_t type, std::size_t item);
  void set_floor(std::size_t type);

  // What a key must exceed to be kept; 0 while there is room.
  std::array<std::size_t, types::kTypes> floors_{};
  std::array<Pool, types::kTypes> pools_{};
  std::uint32_t edits_ = 0;
  bool stopped_ = false;
  // Where the walk stands.
  std::size_t db_ = 0;
  std::uint64_t cursor_ = 0;
  std::size_t measured_ = 0;
  std::int64_t last_us_ = 0;
  std::int64_t earned_us_ = 0;
};

}  // namespace larder::keyspace
