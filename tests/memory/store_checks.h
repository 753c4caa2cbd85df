#pragma once

// What must hold in a page store between two calls.

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "src/memory/store/data_store.h"

namespace larder::memory {

inline bool is_free(RunState state) { return state == RunState::dirty || state == RunState::clean; }

// The released slots of a slab, which are linked through themselves.
inline std::size_t released_slots(const PageHeap& pages, const Run& slab) {
  const SlabClass& its = kSlabs[slab.slab_class];
  std::vector<bool> seen(its.slots);
  std::size_t count = 0;
  for (Slot slot = slab.first_free; slot != kNoSlot; ++count) {
    EXPECT_LT(slot, slab.first_fresh);
    if (slot >= slab.first_fresh || seen[slot]) return ~std::size_t{0};
    seen[slot] = true;
    std::memcpy(&slot, pages.address_of(slab) + slot * std::size_t{its.slot_bytes}, sizeof slot);
  }
  return count;
}

inline void check(const DataStore& store) {
  const PageHeap& pages = store.pages();
  const Run* before = nullptr;
  std::uint32_t next_page = 0;
  pages.each_run([&](RunId id) {
    const Run& run = pages[id];
    ASSERT_EQ(run.first_page, next_page);
    ASSERT_GT(run.pages, 0u);
    next_page += run.pages;
    ASSERT_EQ(pages.run_of(pages.address_of(run) + (run.pages - 1) * kPageBytes), id);
    if (before != nullptr && is_free(run.state)) {
      ASSERT_NE(before->state, run.state) << "not joined";
    }
    before = &run;
    if (run.state != RunState::slab && run.state != RunState::emptying) return;
    ASSERT_EQ(run.pages, kSlabs[run.slab_class].pages);
    ASSERT_GT(run.used, 0) << "an empty slab is kept";
    ASSERT_LE(run.first_fresh, kSlabs[run.slab_class].slots);
    ASSERT_EQ(released_slots(pages, run), std::size_t{run.first_fresh} - run.used);
  });
  const DataStore::Counts counted = store.counts();
  const DataStore::Counts walked = store.walk();
  ASSERT_EQ(walked.block_bytes, counted.block_bytes);
  ASSERT_EQ(walked.live_pages, counted.live_pages);
  ASSERT_EQ(walked.dirty_pages, counted.dirty_pages);
  ASSERT_EQ(walked.clean_pages, counted.clean_pages);
  ASSERT_LE(counted.dirty_pages, pages.dirty_bound());
}

// Pages of the store that are in physical memory, by the system's own count.
inline std::size_t resident_pages(const DataStore& store) {
  const Reservation& addresses = store.pages().addresses();
  std::vector<unsigned char> is_resident(addresses.usable_bytes() / kPageBytes);
  EXPECT_EQ(::mincore(addresses.begin(), addresses.usable_bytes(), is_resident.data()), 0);
  return static_cast<std::size_t>(std::count_if(
      is_resident.begin(), is_resident.end(), [](unsigned char page) { return (page & 1) != 0; }));
}

// A block whose bytes are all known.
struct Filled {
  char* at;
  std::size_t bytes;
  char with;
  BlockKind kind;

  static Filled allocate(DataStore& store, std::size_t bytes, char with,
                         BlockKind kind = BlockKind::value) {
    Filled block{static_cast<char*>(store.allocate(kind, bytes)), bytes, with, kind};
    if (block.at != nullptr) std::memset(block.at, with, data_class(bytes));
    return block;
  }
  void release(DataStore& store) const { store.release(kind, at, bytes); }
  bool is_intact() const {
    return at[0] == with && std::memcmp(at, at + 1, data_class(bytes) - 1) == 0;
  }
};

}  // namespace larder::memory
