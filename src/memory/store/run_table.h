#pragma once

// All runs by their number, and the run of each page. Both are arrays beside the pages, in
// reservations of their own: 4 bytes for each page up to the frontier, and 24 for each run.

#include <cstddef>
#include <cstdint>

#include "larder/base/assert.h"
#include "reservation.h"
#include "run.h"

namespace larder::memory {

class RunTable {
 public:
  explicit RunTable(std::size_t most_pages);
  ~RunTable();
  RunTable(const RunTable&) = delete;
  RunTable& operator=(const RunTable&) = delete;

  Run& operator[](RunId id) { return runs()[id]; }
  const Run& operator[](RunId id) const { return runs()[id]; }

  // Only for the first and the last page of a run, and for all pages of a slab.
  RunId of_page(std::uint32_t page) const { return pages()[page]; }

  // Whether the table has the memory for this many pages in all, and for one more run.
  bool make_room_for(std::size_t pages);
  bool make_room_for_run();

  // After make_room_for_run().
  RunId create(std::uint32_t first_page, std::uint32_t pages, RunState state);
  void remove(RunId id);

  // Writes the run's number to its first and its last page.
  void mark_ends(RunId id);
  void mark_all_pages(RunId id);

  // The memory of both arrays, which is charged to Owner::runtime.
  std::size_t bytes() const { return pages_.usable_bytes() + runs_.usable_bytes(); }

 private:
  Run* runs() const { return reinterpret_cast<Run*>(runs_.begin()); }
  static bool extend(Reservation& array, std::size_t bytes);
  RunId* pages() const { return reinterpret_cast<RunId*>(pages_.begin()); }

  Reservation pages_;
  Reservation runs_;
  RunId last_ = kNoRun;
  RunId first_unused_ = kNoRun;  // removed runs form a list, by `next`
};

}  // namespace larder::memory
