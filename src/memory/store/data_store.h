#pragma once

// The page store: the blocks of the dataset, in slabs and page runs inside one reservation. Blocks
// have no header; their bytes are those of data_class(). Each kind of blocks has slabs of its own,
// because their owners are found in different ways when slabs must be emptied. Only the thread that
// constructed the store may use it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "larder/memory/data_class.h"
#include "larder/memory/page_use.h"
#include "page_heap.h"
#include "slabs.h"

namespace larder::memory {

class DataStore {
 public:
  // Reserves addresses for `bytes`, or for as much as the system allows.
  explicit DataStore(std::size_t bytes)
      : pages_(bytes), slabs_{Slabs(pages_), Slabs(pages_), Slabs(pages_)} {}
  DataStore(const DataStore&) = delete;
  DataStore& operator=(const DataStore&) = delete;

  // A block of data_class(bytes), aligned to 8, and to each power of two up to the page size that
  // divides data_class(bytes). Null if the addresses are used up or the system refuses its memory.
  void* allocate(BlockKind kind, std::size_t bytes) {
    if (bytes > kMostSlotBytes) return allocate_run(bytes);
    const std::size_t number = slab_class(bytes);
    void* const block = of(kind).take(number);
    if (__builtin_expect(block != nullptr, 1)) block_bytes_ += kSlabs[number].slot_bytes;
    return block;
  }

  // `bytes` has the data_class() of the allocation.
  void release(BlockKind kind, void* block, std::size_t bytes) {
    if (bytes > kMostSlotBytes) return release_run(block);
    const std::size_t number = slab_class(bytes);
    block_bytes_ -= kSlabs[number].slot_bytes;
    of(kind).give_back(number, block);
  }

  // For a block of more than kMostSlotBytes: all pages of its first `discarded` bytes but the first
  // page have gone back to the system.
  void release_discarded(void* block, std::size_t discarded);

  // Only blocks of more than kMostSlotBytes can become larger or smaller where they are.
  bool resize_in_place(void* block, std::size_t old_bytes, std::size_t new_bytes);

  bool can_allocate(std::size_t bytes);
  bool contains(const void* address) const { return pages_.contains(address); }

  // Emptying sparse slabs. Of entries: show_entries() shows some (Slabs::show_some()), which the
  // caller moves. Of other kinds: slabs are chosen (Slabs::mark_some()), the owners of the pointers
  // to their blocks move these, and slabs that are not empty at the end become ordinary ones again.
  std::size_t show_entries(std::span<void*> blocks) {
    return of(BlockKind::entry).show_some(blocks);
  }
  bool mark_some(BlockKind kind, std::size_t most) { return of(kind).mark_some(most); }
  bool unmark_some(BlockKind kind, std::size_t most) { return of(kind).unmark_some(most); }
  bool is_emptying(const void* block) const {
    return pages_.contains(block) && pages_[pages_.run_of(block)].state == RunState::emptying;
  }
  // Copies a block of an emptying slab to another slab, releases it and returns the new address.
  // Null, and unchanged, if it is in no such slab, or if the others have no room.
  void* move(BlockKind kind, void* block, std::size_t bytes);
  // The pages that emptying could return. Cost: a look at each class.
  std::size_t recoverable_pages(BlockKind kind) const {
    return slabs_[static_cast<std::size_t>(kind)].recoverable_pages();
  }

  // The bytes of live pages that are in no block.
  std::size_t wasted_bytes() const { return pages_.live_pages() * kPageBytes - block_bytes_; }
  // From now on there are at most so many pages more than are live now.
  void set_spare_pages(std::size_t pages) { pages_.set_budget(pages_.live_pages() + pages); }

  struct Counts {
    std::size_t block_bytes = 0;  // of all blocks, at their classes
    std::size_t live_pages = 0;   // that hold them
    std::size_t dirty_pages = 0;  // free, but still in physical memory
    std::size_t clean_pages = 0;  // free, addresses only
    std::size_t table_bytes = 0;  // of the store's own tables
  };
  Counts counts() const;
  // The same, but counted by a walk over all runs. Cost: proportional to their number.
  Counts walk() const;
  // The same in steps, between which blocks may come, go and move. begin_walk() also ends a walk.
  void begin_walk() { pages_.tally().restart(); }
  bool walk_some(std::size_t most_runs) { return pages_.tally_some(most_runs); }
  // When walk_some() has returned true and nothing has changed since.
  Counts walked() const { return of_runs(pages_.tally().counts()); }

  // Returns the memory of all free pages to the system.
  void purge() {
    for (Slabs& slabs : slabs_) slabs.return_recent();
    pages_.purge_down_to(0);
  }
  // The same for at most `most_pages`; how many it were.
  std::size_t purge_some(std::size_t most_pages);
  // Returns some of the pages that were not needed since the last call. Cost: that of releasing at
  // most 384 slots, and of returning PageHeap::kMostAged pages.
  void age() {
    for (Slabs& slabs : slabs_) slabs.return_some_recent();
    pages_.age();
  }

  const PageHeap& pages() const { return pages_; }

 private:
  Slabs& of(BlockKind kind) { return slabs_[static_cast<std::size_t>(kind)]; }
  Counts of_runs(const RunCounts& found) const;
  void* allocate_run(std::size_t bytes);
  void release_run(void* block) { release_discarded(block, 0); }

  PageHeap pages_;
  std::array<Slabs, kBlockKinds> slabs_;
  std::size_t block_bytes_ = 0;
};

}  // namespace larder::memory
