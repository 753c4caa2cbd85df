#pragma once

// A walk over all keys of all databases that moves the blocks of their values to other addresses.
// Keys are passed in the order of their hashes, so the walk can be interrupted anywhere and any
// changes may happen meanwhile. What waits in the graveyard is not moved. Entries are moved without
// a walk (evacuator.h).
//
// A move is not a change. It must not happen while a command runs, nor while a hook is called
// before changes (before_change.h), because the hook may have addresses within values.

#include <array>
#include <cstddef>
#include <cstdint>

#include "larder/base/budget.h"
#include "larder/keyspace/database.h"
#include "larder/memory/mover.h"
#include "larder/types/relocation.h"

namespace larder::keyspace {

class Keyspace;

class RelocationWalk {
 public:
  struct Tally {
    std::uint64_t blocks_moved = 0;
    std::uint64_t blocks_left = 0;
    std::uint64_t keys_moved = 0;  // with at least one block that moved
    std::uint64_t keys_left = 0;
  };

  explicit RelocationWalk(Keyspace& keyspace) : keyspace_(keyspace) {}

  // Continues until the budget is spent or the walk is at its end; true at the end, and the next
  // call begins another walk. Between two readings of the clock it does what types::TypeRow says,
  // or moves about kAtOnce entries.
  bool run(memory::Mover& mover, base::Budget& budget);
  // The next call begins another walk.
  void restart();
  // The part of the keys that this walk has passed, from 0 to 1. Cost: a look at each database.
  double progress() const;

  // Of all walks so far.
  const Tally& tally() const { return tally_; }

 private:
  class CountingMover;
  // A value that is not completely passed.
  struct Value {
    std::uint64_t hash;
    types::Relocation walk;
    bool has_moved;
  };
  // Entries whose cache misses overlap.
  static constexpr std::size_t kAtOnce = 16;
  // The entries of one bucket are few, unless a client knows the secret of the hash function; more
  // than these are left where they are.
  static constexpr std::size_t kRoom = 8 * kAtOnce;

  bool pass_values(CountingMover& mover, base::Budget& budget);
  static void pass_some(Entry& entry, Value& value, CountingMover& mover, base::Budget& budget);
  void pass_keys(CountingMover& mover, base::Budget& budget);
  void pass_key(Entry& entry, CountingMover& mover, base::Budget& budget);
  void count_key(bool has_moved);

  Keyspace& keyspace_;
  Tally tally_;
  std::size_t db_ = 0;
  std::uint64_t cursor_ = 0;
  bool passed_keys_ = false;  // all of this database
  // Values of the last keys, which are passed before the next keys.
  std::array<Value, kRoom> values_;
  std::size_t values_left_ = 0;
};

}  // namespace larder::keyspace
