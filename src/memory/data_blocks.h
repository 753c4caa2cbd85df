#pragma once

// The dataset's blocks in the page store of the process. Where the system provides too few
// addresses for the store (ulimit -v), the rest comes from jemalloc, with the same sizes.

#include <cstddef>
#include <cstdint>

#include "larder/memory/sparse_slabs.h"

namespace larder::memory::data_blocks {

// A block of data_class(bytes), or null.
void* take(std::size_t bytes);
void give_back(void* block, std::size_t bytes);
// False, and unchanged, if the block would have to move.
bool resize_in_place(void* block, std::size_t old_bytes, std::size_t new_bytes);
// May move the block; null, and unchanged, if there is no memory.
void* reallocate(void* block, std::size_t old_bytes, std::size_t new_bytes);
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

// For sparse_slabs.h.
PageUse page_use();
bool choose_sparse_slabs();
bool release_chosen_slabs();
bool is_emptying(const void* block);
void* move(void* block, std::size_t bytes);

// Returns the memory of all free pages to the system.
void purge();
// Returns some of the pages that were not needed since the last call.
void age();

}  // namespace larder::memory::data_blocks
