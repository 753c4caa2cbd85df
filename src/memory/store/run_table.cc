#include "run_table.h"

#include <algorithm>
#include <new>

#include "larder/memory/data_class.h"
#include "larder/memory/ledger.h"

namespace larder::memory {

namespace {

// Run 0 is never used.
std::size_t bytes_of_runs(std::size_t runs) { return (runs + 1) * sizeof(Run); }

std::size_t in_pages(std::size_t bytes) { return detail::rounded_up(bytes, kPageBytes); }

}  // namespace

RunTable::RunTable(std::size_t most_pages)
    : pages_(in_pages(most_pages * sizeof(RunId)), kPageBytes),
      runs_(in_pages(bytes_of_runs(most_pages)), kPageBytes) {}

RunTable::~RunTable() { charge_mapped(Owner::runtime, -static_cast<std::int64_t>(bytes())); }

bool RunTable::extend(Reservation& array, std::size_t bytes) {
  const std::size_t before = array.usable_bytes();
  if (bytes <= before) return true;
  if (!array.extend(bytes, kPageBytes)) return false;
  charge_mapped(Owner::runtime, static_cast<std::int64_t>(array.usable_bytes() - before));
  return true;
}

bool RunTable::make_room_for(std::size_t pages) { return extend(pages_, pages * sizeof(RunId)); }

bool RunTable::make_room_for_run() {
  return first_unused_ != kNoRun || extend(runs_, bytes_of_runs(last_ + 1));
}

RunId RunTable::create(std::uint32_t first_page, std::uint32_t pages, RunState state) {
  RunId id = first_unused_;
  if (id != kNoRun) {
    first_unused_ = runs()[id].next;
  } else {
    id = ++last_;
  }
  new (runs() + id) Run{.first_page = first_page, .pages = pages, .state = state};
  return id;
}

void RunTable::remove(RunId id) {
  runs()[id].pages = 0;
  runs()[id].next = first_unused_;
  first_unused_ = id;
}

void RunTable::mark_ends(RunId id) {
  const Run& run = runs()[id];
  pages()[run.first_page] = id;
  pages()[run.first_page + run.pages - 1] = id;
}

void RunTable::mark_all_pages(RunId id) {
  const Run& run = runs()[id];
  std::fill_n(pages() + run.first_page, run.pages, id);
}

}  // namespace larder::memory
