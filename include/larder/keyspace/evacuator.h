#pragma once

// Empties sparse slabs of the page store by moving what is in them, so that their pages become
// free. Slabs of entries are emptied one after the other, because the key of an entry is enough to
// find the pointers to it. Those of the tables, and of values, are emptied by passes over all of
// them.
//
// A move is not a change, but it invalidates addresses: it happens only where keys may be evicted,
// so no code may keep an Entry or an address within a value there. While a hook is registered that
// is called before changes (before_change.h), values do not move: the hook may have addresses
// within them.

#include <cstddef>
#include <cstdint>

#include "larder/base/budget.h"
#include "larder/keyspace/keyspace.h"
#include "larder/keyspace/relocation_walk.h"
#include "larder/keyspace/table_walk.h"
#include "larder/memory/metrics.h"
#include "larder/memory/sparse_slabs.h"

namespace larder::keyspace {

class Evacuator {
 public:
  Evacuator(Keyspace& keyspace, memory::Metrics& metrics)
      : keyspace_(keyspace), metrics_(metrics), walk_(keyspace), table_walk_(keyspace) {}

  // Moves up to kAtOnce entries out of the sparsest slab; false if no slab is worth it, or if
  // nothing moved for some steps. Cost: some microseconds.
  bool move_entries();

  // A pass over the tables, or over the values, in steps; one at a time.
  bool is_in_pass() const { return part_ != Part::none; }
  bool may_begin(memory::BlockKind kind) const {
    return !is_in_pass() &&
           (kind == memory::BlockKind::table || keyspace_.before_changes().empty());
  }
  void begin_pass(memory::BlockKind kind);
  // A step until the budget is spent; with none left it still makes a small one. At the end of the
  // pass is_in_pass() is false. False if nothing may move now.
  bool step_pass(base::Budget& budget);
  // For steps of so many microseconds; of 0, for the smallest step.
  base::Budget budget(std::int64_t us) const { return base::Budget(keyspace_.clock(), us); }
  // The rest of the pass moves nothing.
  void give_up_pass();
  // From 0 to 1.
  double pass_progress() const;

  // For tests: entries, and values where they may move, get other addresses at any time that
  // move_for_test() is called, so that an address which was kept is found to be wrong.
  void test(bool on) { tests_ = on; }
  bool is_tested() const { return tests_; }
  void move_for_test();

 private:
  enum class Part : std::uint8_t { none, choosing, moving, releasing };
  static constexpr std::size_t kAtOnce = 32;
  static constexpr int kMostVainSteps = 16;

  bool move_entry(Entry& entry, std::uint64_t hash);
  bool walk(base::Budget& budget);
  void report();

  Keyspace& keyspace_;
  memory::Metrics& metrics_;
  memory::SlabMover entry_mover_{memory::BlockKind::entry};
  RelocationWalk walk_;
  RelocationWalk::Tally reported_;  // of the walk
  TableWalk table_walk_;
  Part part_ = Part::none;
  memory::BlockKind kind_ = memory::BlockKind::value;  // of the pass
  int vain_steps_ = 0;                                 // of move_entries(), one after the other
  std::size_t last_db_ = 0;                            // in which the last entry was found
  bool tests_ = false;
};

}  // namespace larder::keyspace
