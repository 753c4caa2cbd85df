#pragma once

// The dataset's blocks in the page store of the process. Where the system provides too few
// addresses for the store (ulimit -v), the rest comes from jemalloc, with the same sizes.

#include <cstddef>
#include <cstdint>
#include <span>

#include "larder/memory/page_use.h"

namespace larder::memory::data_blocks {

// A block of data_class(bytes), or null.
void* take(BlockKind kind, std::size_t bytes);
void give_back(BlockKind kind, void* block, std::size_t bytes);
// The same for a block of many pages, the first of which were discarded (pages.h).
void give_back_discarded(void* block, std::size_t bytes, std::size_t discarded);
// How many pages of a block of many pages are kept for a moment when it is given back.
std::size_t keepable_pages();
// False, and unchanged, if the block would have to move.
bool resize_in_place(void* block, std::size_t old_bytes, std::size_t new_bytes);
// May move the block; null, and unchanged, if there is no memory.
void* reallocate(BlockKind kind, void* block, std::size_t old_bytes, std::size_t new_bytes);
bool can_take(std::size_t bytes);

struct Counts {
  std::uint64_t block_bytes = 0;  // of all blocks, at their classes
  std::uint64_t live_pages = 0;
  std::uint64_t dirty_pages = 0;
  std::uint64_t clean_pages = 0;
  std::uint64_t table_bytes = 0;     // of the store's own tables
  std::uint64_t jemalloc_bytes = 0;  // of the blocks that come from jemalloc
  std::uint64_t jemalloc_slack = 0;  // by which jemalloc's classes exceed theirs
};
Counts counts();
// The same, but counted by a walk over the store. Cost: proportional to the number of its runs.
Counts walk();
// The same in steps, which return true when all is counted; then walked() has the result until
// something changes. begin_walk() also ends a walk.
void begin_walk();
bool walk_some();
Counts walked();

// For page_use.h and sparse_slabs.h.
PageUse page_use();
std::uint64_t wasted_bytes();
void set_spare_bytes(std::uint64_t bytes);
std::size_t show_entries(std::span<void*> blocks);
bool choose_sparse_slabs(BlockKind kind);
bool release_chosen_slabs(BlockKind kind);
bool is_emptying(const void* block);
void* move(BlockKind kind, void* block, std::size_t bytes);

// Returns the memory of all free pages to the system.
void purge();
// The same for some pages, at most `most`; returns their number.
std::size_t purge_some(std::size_t most);
// Returns some of the pages that were not needed since the last call.
void age();

}  // namespace larder::memory::data_blocks
