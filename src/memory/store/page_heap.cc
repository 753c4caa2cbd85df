#include "page_heap.h"

#include <algorithm>

#include "larder/base/assert.h"
#include "larder/memory/pages.h"

namespace larder::memory {

namespace {

// With fewer addresses than this, the page store is not used.
constexpr std::size_t kLeastReserved = 16 << 20;
// More addresses than needed become usable at once, so that few calls of the system are needed.
constexpr std::size_t kStep = 16 << 20;

// Keeping some dirty pages saves the system calls and page faults of pages that are soon reused:
// without them, removing and creating a value of some megabytes takes several times as long.
// Those that are not reused are returned by age().
constexpr std::size_t kLeastDirty = 4096;
constexpr std::size_t kMostDirty = 16384;
constexpr std::size_t kDirtyShare = 16;
// The memory of a run of this size goes back at once, instead of displacing smaller dirty runs, but
// for so many pages at its end.
constexpr std::uint32_t kLarge = 512;
constexpr std::size_t kMostKept = 2048;

}  // namespace

PageHeap::PageHeap(std::size_t bytes)
    : addresses_(bytes, kLeastReserved), runs_(addresses_.bytes() / kPageBytes) {}

std::size_t PageHeap::dirty_bound() const {
  const std::size_t bound = std::clamp(live_pages_ / kDirtyShare, kLeastDirty, kMostDirty);
  return std::min(bound, budget_ - std::min(budget_, live_pages_));
}

void PageHeap::set_budget(std::size_t pages) {
  budget_ = pages;
  purge_down_to(dirty_bound());
}

RunId PageHeap::take(std::uint32_t pages, RunState use) {
  if (!runs_.make_room_for_run()) return kNoRun;
  RunId id = dirty_.find(pages);
  const bool has_memory = id != kNoRun;
  if (!has_memory) id = find_clean(pages);
  if (id == kNoRun) return kNoRun;
  Run& run = runs_[id];
  list(run.state).remove(id);
  tally_.leave(run);
  split(id, pages);
  run.state = use;
  tally_.enter(run);
  live_pages_ += pages;
  least_dirty_ = std::min(least_dirty_, dirty_.pages());
  if (use == RunState::slab) {
    runs_.mark_all_pages(id);
  } else {
    runs_.mark_ends(id);
  }
  if (!has_memory) purge_down_to(dirty_bound());
  if (!has_memory && pages <= kMostPopulated) {
    const auto begin = reinterpret_cast<std::uintptr_t>(address_of(run));
    populate_pages(begin, begin + pages * kPageBytes);
  }
  return id;
}

bool PageHeap::can_take(std::uint32_t pages) {
  return dirty_.find(pages) != kNoRun || clean_.find(pages) != kNoRun ||
         addresses_.extend((std::size_t{frontier_} + pages) * kPageBytes, kStep);
}

std::size_t PageHeap::keepable_pages() const {
  // Half of the bound is left to small runs.
  const std::size_t bound = dirty_bound() / 2;
  return std::min(bound - std::min(bound, dirty_.pages()), kMostKept);
}

void PageHeap::give_back(RunId id, std::uint32_t discarded) {
  const Run& run = runs_[id];
  tally_.leave(run);
  live_pages_ -= run.pages;
  if (run.pages >= kLarge) {
    give_back_large(id, discarded);
  } else {
    insert_free(id, RunState::dirty);
  }
  purge_down_to(dirty_bound());
}

void PageHeap::give_back_large(RunId id, std::uint32_t discarded) {
  const std::size_t kept =
      std::min<std::size_t>(keepable_pages(), runs_[id].pages - std::max(discarded, 1U));
  if (kept > 0 && runs_.make_room_for_run()) {
    insert_free(split_end(id, static_cast<std::uint32_t>(kept)), RunState::dirty);
  }
  if (discarded > 1) discard({.first_page = runs_[id].first_page, .pages = 1});
  discard(runs_[id], discarded > 1 ? discarded : 0);
  insert_free(id, RunState::clean);
}

// Makes the last pages a run of its own, which is in no list, and which the tally does not count.
RunId PageHeap::split_end(RunId id, std::uint32_t pages) {
  Run& run = runs_[id];
  const RunId end = runs_.create(run.first_page + run.pages - pages, pages, run.state);
  run.pages -= pages;
  runs_.mark_ends(id);
  return end;
}

bool PageHeap::resize(RunId id, std::uint32_t pages) {
  if (!runs_.make_room_for_run()) return false;
  Run& run = runs_[id];
  LARDER_ASSERT(run.state == RunState::block);
  if (pages > run.pages) return grow(run, id, pages - run.pages);
  if (pages == run.pages) return true;
  tally_.leave(run);
  const RunId rest = runs_.create(run.first_page + pages, run.pages - pages, RunState::block);
  run.pages = pages;
  runs_.mark_ends(id);
  tally_.enter(runs_[rest]);
  tally_.enter(run);
  give_back(rest);
  return true;
}

// Takes the pages behind the run: addresses that were not used yet, or a part of a free run.
bool PageHeap::grow(Run& run, RunId id, std::uint32_t more) {
  const std::uint32_t end = run.first_page + run.pages;
  if (end == frontier_) {
    if (!move_frontier(std::size_t{frontier_} + more)) return false;
  } else {
    const RunId next = runs_.of_page(end);
    Run& behind = runs_[next];
    if (!is_free(behind.state) || behind.pages < more) return false;
    FreeRuns& its_list = list(behind.state);
    its_list.remove(next);
    tally_.leave(behind);
    behind.first_page += more;
    behind.pages -= more;
    if (behind.pages == 0) {
      runs_.remove(next);
    } else {
      runs_.mark_ends(next);
      its_list.add(next);
      tally_.enter(behind);
    }
    least_dirty_ = std::min(least_dirty_, dirty_.pages());
  }
  tally_.leave(run);
  run.pages += more;
  tally_.enter(run);
  live_pages_ += more;
  runs_.mark_ends(id);
  purge_down_to(dirty_bound());
  return true;
}

bool PageHeap::move_frontier(std::size_t to) {
  if (to > addresses_.bytes() / kPageBytes || !runs_.make_room_for(to) ||
      !addresses_.extend(to * kPageBytes, kStep)) {
    return false;
  }
  frontier_ = static_cast<std::uint32_t>(to);
  return true;
}

RunId PageHeap::find_clean(std::uint32_t pages) {
  const RunId id = clean_.find(pages);
  return id != kNoRun ? id : extend(pages);
}

// A clean run at the frontier, which grows as far as needed.
RunId PageHeap::extend(std::uint32_t pages) {
  const RunId last = frontier_ == 0 ? kNoRun : runs_.of_page(frontier_ - 1);
  const bool is_clean = last != kNoRun && runs_[last].state == RunState::clean;
  const std::uint32_t held = is_clean ? runs_[last].pages : 0;
  if (held >= pages) return last;
  const std::uint32_t from = frontier_;
  if (!move_frontier(std::size_t{from} + (pages - held))) return kNoRun;
  const RunId id = runs_.create(from, pages - held, RunState::clean);
  insert_free(id, RunState::clean);
  return id;
}

// Keeps the first pages; the rest becomes a run of the same state.
void PageHeap::split(RunId id, std::uint32_t pages) {
  Run& run = runs_[id];
  if (run.pages == pages) return;
  const RunId rest = runs_.create(run.first_page + pages, run.pages - pages, run.state);
  run.pages = pages;
  runs_.mark_ends(rest);
  list(run.state).add(rest);
  tally_.enter(runs_[rest]);
}

// The tally does not count the run now.
void PageHeap::insert_free(RunId id, RunState state) {
  Run& run = runs_[id];
  run.state = state;
  if (run.first_page > 0) join_with(id, runs_.of_page(run.first_page - 1));
  if (run.first_page + run.pages < frontier_) {
    join_with(id, runs_.of_page(run.first_page + run.pages));
  }
  runs_.mark_ends(id);
  list(state).add(id);
  tally_.enter(run);
}

void PageHeap::join_with(RunId id, RunId neighbour) {
  Run& run = runs_[id];
  const Run& other = runs_[neighbour];
  if (other.state != run.state) return;
  list(run.state).remove(neighbour);
  tally_.leave(other);
  run.first_page = std::min(run.first_page, other.first_page);
  run.pages += other.pages;
  runs_.remove(neighbour);
}

// From its page `from` on.
void PageHeap::discard(const Run& run, std::uint32_t from) const {
  const auto begin =
      reinterpret_cast<std::uintptr_t>(addresses_.begin()) + run.first_page * kPageBytes;
  discard_pages(begin + from * kPageBytes, begin + run.pages * kPageBytes);
}

void PageHeap::purge(RunId id) {
  dirty_.remove(id);
  tally_.leave(runs_[id]);
  discard(runs_[id]);
  insert_free(id, RunState::clean);
}

// Small runs are less likely to fit a request than large ones.
void PageHeap::purge_down_to(std::size_t left) {
  while (dirty_.pages() > left) purge(dirty_.smallest());
  least_dirty_ = std::min(least_dirty_, dirty_.pages());
}

std::size_t PageHeap::purge_some(std::size_t most) {
  std::size_t purged = 0;
  while (purged < most && dirty_.pages() > 0) {
    const RunId id = dirty_.smallest();
    const auto left = static_cast<std::uint32_t>(most - purged);
    if (runs_[id].pages > left && runs_.make_room_for_run()) {
      dirty_.remove(id);
      tally_.leave(runs_[id]);
      split(id, left);
      dirty_.add(id);
      runs_.mark_ends(id);
      tally_.enter(runs_[id]);
    }
    purged += runs_[id].pages;
    purge(id);
  }
  least_dirty_ = std::min(least_dirty_, dirty_.pages());
  return purged;
}

bool PageHeap::tally_some(std::size_t most_runs) {
  while (most_runs-- > 0 && tally_.end() < frontier_) {
    tally_.pass(runs_[runs_.of_page(tally_.end())]);
  }
  return tally_.end() == frontier_;
}

void PageHeap::age() {
  purge_some(std::min(least_dirty_, kMostAged));
  least_dirty_ = dirty_.pages();
}

}  // namespace larder::memory
