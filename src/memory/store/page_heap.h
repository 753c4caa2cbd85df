#pragma once

// The pages of the dataset in runs. A live run never moves. A free run costs addresses only: those
// of a used-up size are taken from the end of a large reservation, and the memory of free runs goes
// back to the system. So runs of all sizes can come and go without ever wasting more physical
// memory than the dirty bound.
//
//   0                                                     frontier              reservation's end
//   | slab | dirty | block      | clean  | slab | block | |    never used yet   |
//
// Invariants:
//   1. Each page before the frontier belongs to one run: live + dirty + clean = frontier.
//   2. Free neighbours of the same state are one run.
//   3. After each call, dirty pages are at most dirty_bound().

#include <cstddef>
#include <cstdint>
#include <limits>

#include "free_runs.h"
#include "larder/memory/data_class.h"
#include "reservation.h"
#include "run_table.h"
#include "run_tally.h"

namespace larder::memory {

class PageHeap {
 public:
  // Reserves addresses for `bytes`, or for as much as the system allows.
  explicit PageHeap(std::size_t bytes);

  // A live run of this state, with unset contents; kNoRun if there are no addresses or if the
  // system refuses its memory. Dirty runs are taken first; if none fits, and the budget is used up,
  // as many dirty pages go back to the system. Cost: tens of nanoseconds, and the system's time for
  // the memory of clean runs up to kMostPopulated.
  RunId take(std::uint32_t pages, RunState use);
  // Whether take() would succeed now.
  bool can_take(std::uint32_t pages);
  // May return the memory of this and other runs to the system, which takes half a microsecond for
  // each page of small runs. Of a large run the end may stay dirty (keepable_pages()), if that
  // displaces no other dirty pages. The pages after the first one and before `discarded` have no
  // memory any more.
  void give_back(RunId id, std::uint32_t discarded = 0);
  // The pages at the end of a large run that would stay dirty now.
  std::size_t keepable_pages() const;
  // Makes a block larger or smaller where it is; false and unchanged if it cannot.
  bool resize(RunId id, std::uint32_t pages);

  Run& operator[](RunId id) { return runs_[id]; }
  const Run& operator[](RunId id) const { return runs_[id]; }
  char* address_of(const Run& run) const {
    return addresses_.begin() + run.first_page * kPageBytes;
  }
  // The run that begins with this address; for slabs, that contains it.
  RunId run_of(const void* address) const {
    const auto offset = static_cast<const char*>(address) - addresses_.begin();
    return runs_.of_page(static_cast<std::uint32_t>(static_cast<std::size_t>(offset) / kPageBytes));
  }
  bool contains(const void* address) const { return addresses_.contains(address); }

  // From now on there are dirty pages only as long as they and the live ones together are at most
  // so many. Returns what exceeds this to the system.
  void set_budget(std::size_t pages);

  // Returns the memory of dirty runs to the system, the smallest runs first, until at most `left`
  // dirty pages are left.
  void purge_down_to(std::size_t left);
  // Returns the memory of at most `most` dirty pages; how many it were.
  std::size_t purge_some(std::size_t most);
  // The same for pages that were not needed since the last call, at most kMostAged of them.
  void age();

  std::size_t live_pages() const { return live_pages_; }
  std::size_t dirty_pages() const { return dirty_.pages(); }
  std::size_t clean_pages() const { return clean_.pages(); }
  std::size_t dirty_bound() const;
  // The memory of the tables beside the pages.
  std::size_t table_bytes() const { return runs_.bytes(); }
  const Reservation& addresses() const { return addresses_; }

  // Calls visit(id) for each run, in the order of addresses.
  template <typename Visit>
  void each_run(Visit visit) const {
    for (std::uint32_t page = 0; page < frontier_;) {
      const RunId id = runs_.of_page(page);
      visit(id);
      page += runs_[id].pages;
    }
  }

  // A walk over all runs in steps; true when it has passed the last one.
  bool tally_some(std::size_t most_runs);
  RunTally& tally() { return tally_; }
  const RunTally& tally() const { return tally_; }

  // Runs up to this size get their memory from the system in one call: all of it will be written.
  static constexpr std::uint32_t kMostPopulated = 32;
  static constexpr std::size_t kMostAged = 512;

 private:
  static bool is_free(RunState state) {
    return state == RunState::dirty || state == RunState::clean;
  }
  FreeRuns& list(RunState state) { return state == RunState::dirty ? dirty_ : clean_; }

  bool move_frontier(std::size_t to);
  RunId extend(std::uint32_t pages);
  RunId find_clean(std::uint32_t pages);
  void split(RunId id, std::uint32_t pages);
  void insert_free(RunId id, RunState state);
  void join_with(RunId id, RunId neighbour);
  void discard(const Run& run, std::uint32_t from = 0) const;
  RunId split_end(RunId id, std::uint32_t pages);
  void give_back_large(RunId id, std::uint32_t discarded);
  void purge(RunId id);
  bool grow(Run& run, RunId id, std::uint32_t more);

  Reservation addresses_;
  RunTable runs_;
  FreeRuns dirty_{runs_};
  FreeRuns clean_{runs_};
  RunTally tally_;
  std::uint32_t frontier_ = 0;
  std::size_t live_pages_ = 0;
  std::size_t budget_ = std::numeric_limits<std::size_t>::max();  // of live and dirty pages
  std::size_t least_dirty_ = 0;  // the least number of dirty pages since age()
};

}  // namespace larder::memory
