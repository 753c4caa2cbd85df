#pragma once

// Keeps the access bits of all entries valid, in small steps: old stamps of entries that nothing
// else visits are made coarse before they wrap, and after a change between LRU and LFU the bits of
// the old kind are replaced.

#include <cstdint>

#include "larder/base/budget.h"
#include "larder/keyspace/keyspace.h"

namespace larder::eviction {

// Makes the entry's stamp coarse if it is old enough. LRU mode only.
inline void age(keyspace::Entry& entry, std::int64_t unix_ms) {
  const keyspace::LruStamp stamp(entry.access());
  const std::uint32_t aged = stamp.aged(unix_ms).bits();
  if (__builtin_expect(aged != stamp.bits(), 0)) entry.access(aged);
}

class Ager {
 public:
  // A walk over all entries takes at most this long, so that no fine stamp becomes older than
  // kFineMs plus this, which is well below kWrapMs.
  static constexpr std::int64_t kWalkMs = 2 * 3600 * 1000;

  explicit Ager(keyspace::Keyspace& keyspace) : keyspace_(keyspace) {}

  // Walks as far as the time since the last call requires, or as the budget allows; later calls
  // catch up. Does nothing in LFU mode, unless restarting. About 30 entries in each call for a
  // million keys and ten calls a second.
  void run(base::Budget budget);

  // The meaning of the bits has changed, and the bits do not show which kind they are, so each
  // entry gets the bits of a new one. Until run() has visited all of them is_restarting() is true.
  void restart();
  bool is_restarting() const { return restarting_; }
  // The bits of the entry with that hash still have the meaning from before restart().
  bool has_old_bits(const keyspace::Database& db, std::uint64_t hash) const;

 private:
  // Visits some entries and returns how many, counting the end of each database as one more; the
  // walk is over at the end of the last database.
  std::size_t step();
  void end_walk();
  void pass(keyspace::Entry& entry);
  void add_allowance();

  keyspace::Keyspace& keyspace_;
  std::size_t db_ = 0;
  std::uint64_t cursor_ = 0;
  std::int64_t last_ms_ = -1;
  // Entries still to visit; negative if the last step visited more than requested.
  double owed_ = 0;
  bool restarting_ = false;
};

}  // namespace larder::eviction
