#pragma once

// Counts what the runs hold, by a walk in steps. Between the steps runs and their slots change: the
// tally is told of each change, and corrects the sums of the runs that it has passed.
//
//   0                          end                             frontier
//   | runs that are counted    | runs that are not counted yet    |
//
// Invariant: `end` is where a run begins, or the frontier. Without a walk it is 0.

#include <cstddef>
#include <cstdint>

#include "larder/memory/data_class.h"
#include "run.h"

namespace larder::memory {

struct RunCounts {
  std::size_t block_bytes = 0;  // of blocks, and of slots that are handed out or kept by a class
  std::size_t live_pages = 0;
  std::size_t dirty_pages = 0;
  std::size_t clean_pages = 0;

  // `sign`: 1, or ~0 to subtract.
  void add(const Run& run, std::size_t sign = 1) {
    switch (run.state) {
      case RunState::slab:
      case RunState::emptying:
        block_bytes += sign * run.used * kSlabs[run.slab_class].slot_bytes;
        live_pages += sign * run.pages;
        break;
      case RunState::block:
        block_bytes += sign * run.pages * kPageBytes;
        live_pages += sign * run.pages;
        break;
      case RunState::dirty:
        dirty_pages += sign * run.pages;
        break;
      case RunState::clean:
        clean_pages += sign * run.pages;
        break;
    }
  }
};

class RunTally {
 public:
  static constexpr std::size_t kMinus = ~std::size_t{0};

  // Begins again, or ends the walk.
  void restart() { *this = {}; }
  // The next run to count begins at this page.
  std::uint32_t end() const { return end_; }
  void pass(const Run& run) {
    counts_.add(run);
    end_ += run.pages;
  }
  const RunCounts& counts() const { return counts_; }

  // To be called before a run changes or is joined with another one, and when it has changed, or is
  // new.
  void leave(const Run& run) {
    if (is_passed(run)) counts_.add(run, kMinus);
  }
  void enter(const Run& run) {
    if (!is_passed(run)) return;
    if (run.first_page + run.pages <= end_) return counts_.add(run);
    // It contains pages that are not counted yet: the walk comes to it again.
    end_ = run.first_page;
  }
  // Slots of a slab are taken, or returned.
  void took_slot(const Run& slab) {
    if (__builtin_expect(is_passed(slab), 0))
      counts_.block_bytes += kSlabs[slab.slab_class].slot_bytes;
  }
  void returned_slot(const Run& slab) {
    if (__builtin_expect(is_passed(slab), 0))
      counts_.block_bytes -= kSlabs[slab.slab_class].slot_bytes;
  }

 private:
  bool is_passed(const Run& run) const { return run.first_page < end_; }

  std::uint32_t end_ = 0;
  RunCounts counts_;
};

}  // namespace larder::memory
