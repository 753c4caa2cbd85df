#include "src/memory/store/data_store.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

#include "larder/base/rng.h"
#include "larder/memory/ledger.h"
#include "larder/memory/pages.h"
#include "tests/memory/store_checks.h"

namespace larder::memory {
namespace {

constexpr std::size_t kMega = 1 << 20;

// Small blocks mostly, and some of up to a megabyte.
std::size_t random_bytes(base::Rng& rng) {
  return 1 + rng.below(std::uint64_t{2} << rng.below(20));
}

// The store beside a list of its blocks: no block is written through another one.
class StoreModel {
 public:
  void allocate(std::size_t bytes) {
    const Filled block = Filled::allocate(store, bytes, static_cast<char>(rng_.next()),
                                          static_cast<BlockKind>(rng_.below(kBlockKinds)));
    ASSERT_NE(block.at, nullptr);
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(block.at) % 8, 0u);
    bytes_ += data_class(bytes);
    blocks_.push_back(block);
  }
  void release_one() {
    if (blocks_.empty()) return;
    std::swap(blocks_[rng_.below(blocks_.size())], blocks_.back());
    const Filled block = blocks_.back();
    blocks_.pop_back();
    ASSERT_TRUE(block.is_intact()) << block.bytes;
    block.release(store);
    bytes_ -= data_class(block.bytes);
  }
  void resize_one(std::size_t bytes) {
    if (blocks_.empty()) return;
    Filled& block = blocks_[rng_.below(blocks_.size())];
    const std::size_t before = data_class(block.bytes);
    if (!store.resize_in_place(block.at, block.bytes, bytes)) return;
    bytes_ += data_class(bytes) - before;
    block.bytes = bytes;
    if (data_class(bytes) > before)
      std::memset(block.at + before, block.with, data_class(bytes) - before);
    ASSERT_TRUE(block.is_intact());
    ++resized;
  }
  std::size_t bytes() const { return bytes_; }
  std::size_t size() const { return blocks_.size(); }

  DataStore store{std::size_t{1} << 30};
  std::size_t resized = 0;

 private:
  base::Rng rng_{7};
  std::vector<Filled> blocks_;
  std::size_t bytes_ = 0;
};

TEST(DataStore, KeepsItsBlocksApartAndItsCountsRight) {
  StoreModel model;
  base::Rng rng(1);
  // Growing, then steady, then shrinking.
  for (const std::uint64_t releases_of_10 : {2, 5, 8}) {
    for (int i = 0; i < 3000; ++i) {
      const std::uint64_t act = rng.below(12);
      if (act >= 10) {
        model.resize_one(random_bytes(rng));
      } else if (act < releases_of_10) {
        model.release_one();
      } else {
        model.allocate(random_bytes(rng));
      }
      ASSERT_EQ(model.store.counts().block_bytes, model.bytes());
      if (i % 16 == 0) {
        ASSERT_NO_FATAL_FAILURE(check(model.store));
      }
      if (i % 256 == 0) {
        const auto counts = model.store.counts();
        ASSERT_LE(resident_pages(model.store), counts.live_pages + counts.dirty_pages);
      }
    }
  }
  EXPECT_GT(model.resized, 100u);
  model.store.purge();
  ASSERT_NO_FATAL_FAILURE(check(model.store));
  EXPECT_LE(resident_pages(model.store), model.store.counts().live_pages);
  while (model.size() > 0) model.release_one();
  EXPECT_EQ(model.store.counts().block_bytes, 0u);
}

void expect_equal(const DataStore::Counts& walked, const DataStore::Counts& counted) {
  ASSERT_EQ(walked.block_bytes, counted.block_bytes);
  ASSERT_EQ(walked.live_pages, counted.live_pages);
  ASSERT_EQ(walked.dirty_pages, counted.dirty_pages);
  ASSERT_EQ(walked.clean_pages, counted.clean_pages);
}

// The store changes after each step of the walk, and after its end.
TEST(DataStore, IsWalkedInStepsBetweenChanges) {
  StoreModel model;
  base::Rng rng(4);
  int walks = 0;
  for (const std::uint64_t releases_of_10 : {2, 5, 8}) {
    for (int i = 0; i < 20'000; ++i) {
      const std::uint64_t act = rng.below(13);
      const auto kind = static_cast<BlockKind>(rng.below(kBlockKinds));
      if (act == 12) {
        model.store.purge_some(rng.below(64));
      } else if (act == 11) {
        rng.below(2) == 0 ? model.store.mark_some(kind, 3) : model.store.unmark_some(kind, 3);
      } else if (act == 10) {
        model.resize_one(random_bytes(rng));
      } else if (act < releases_of_10) {
        model.release_one();
      } else {
        model.allocate(random_bytes(rng));
      }
      if (!model.store.walk_some(rng.below(8))) continue;
      ASSERT_NO_FATAL_FAILURE(expect_equal(model.store.walked(), model.store.counts()));
      if (rng.below(32) > 0) continue;
      model.store.begin_walk();
      ++walks;
    }
  }
  EXPECT_GT(walks, 20);
  ASSERT_NO_FATAL_FAILURE(check(model.store));
  while (model.size() > 0) model.release_one();
}

TEST(DataStore, ReturnsFreePagesInSteps) {
  DataStore store(256 * kMega);
  // Blocks of 400 pages, some of them side by side.
  constexpr std::size_t kBytes = 400 * kPageBytes;
  std::vector<Filled> blocks;
  for (int i = 0; i < 9; ++i) blocks.push_back(Filled::allocate(store, kBytes, 'x'));
  for (const int i : {0, 1, 2, 4, 6, 7}) blocks[static_cast<std::size_t>(i)].release(store);
  const std::size_t dirty = store.counts().dirty_pages;
  ASSERT_GE(dirty, 6 * 400u);
  std::size_t purged = 0;
  while (purged < dirty) {
    const std::size_t resident = resident_pages(store);
    const std::size_t some = store.purge_some(150);
    ASSERT_GT(some, 0u);
    ASSERT_LE(some, 150u);
    ASSERT_EQ(resident_pages(store), resident - some);
    purged += some;
    ASSERT_EQ(store.counts().dirty_pages, dirty - purged);
    ASSERT_NO_FATAL_FAILURE(check(store));
  }
  EXPECT_EQ(store.purge_some(150), 0u);
  for (const int i : {3, 5, 8}) ASSERT_TRUE(blocks[static_cast<std::size_t>(i)].is_intact());
}

TEST(DataStore, UsesEverySlotOfEveryClass) {
  DataStore store(256 * kMega);
  for (std::size_t number = 0; number < kSlabClasses; ++number) {
    const SlabClass& its = kSlabs[number];
    const std::size_t pages = store.counts().live_pages;
    std::vector<Filled> blocks;
    for (std::size_t i = 0; i < 3 * its.slots; ++i) {
      blocks.push_back(Filled::allocate(store, its.slot_bytes, static_cast<char>(i)));
    }
    EXPECT_EQ(store.counts().live_pages, pages + 3 * its.pages) << its.slot_bytes;
    for (std::size_t i = 0; i < blocks.size(); i += 2) {
      ASSERT_TRUE(blocks[i].is_intact());
      store.release(BlockKind::value, blocks[i].at, its.slot_bytes);
    }
    ASSERT_NO_FATAL_FAILURE(check(store));
    // The holes are filled before another slab is taken.
    for (std::size_t i = 0; i < blocks.size(); i += 2) {
      blocks[i] = Filled::allocate(store, its.slot_bytes, static_cast<char>(i));
    }
    EXPECT_EQ(store.counts().live_pages, pages + 3 * its.pages) << its.slot_bytes;
    for (const Filled& block : blocks) {
      ASSERT_TRUE(block.is_intact());
      store.release(BlockKind::value, block.at, its.slot_bytes);
    }
    ASSERT_NO_FATAL_FAILURE(check(store));
  }
}

TEST(DataStore, FillsTheFullestSlabFirst) {
  DataStore store(256 * kMega);
  constexpr std::size_t kBytes = 1024;
  const std::size_t slots = kSlabs[slab_class(kBytes)].slots;
  std::vector<void*> blocks;
  for (std::size_t i = 0; i < 4 * slots; ++i)
    blocks.push_back(store.allocate(BlockKind::value, kBytes));
  // The second slab becomes the sparsest; the third has the fewest holes.
  const auto release = [&](std::size_t slab, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      store.release(BlockKind::value, blocks[slab * slots + i], kBytes);
  };
  release(0, 8);  // stay with the class as recent slots
  release(1, slots - 4);
  release(2, 10);
  for (int i = 0; i < 8; ++i) store.allocate(BlockKind::value, kBytes);
  const auto is_in_slab = [&](const void* block, std::size_t slab) {
    return store.pages().run_of(block) == store.pages().run_of(blocks[slab * slots]);
  };
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(is_in_slab(store.allocate(BlockKind::value, kBytes), 2)) << i;
  EXPECT_TRUE(is_in_slab(store.allocate(BlockKind::value, kBytes), 1));
}

TEST(DataStore, ReturnsNullWhenItsAddressesAreUsedUp) {
  DataStore store(16 * kMega);
  EXPECT_EQ(store.allocate(BlockKind::value, 17 * kMega), nullptr);
  EXPECT_FALSE(store.can_allocate(17 * kMega));
  for (const std::size_t bytes : {kMega, std::size_t{100}, std::size_t{9000}}) {
    std::vector<Filled> blocks;
    for (;;) {
      const Filled block = Filled::allocate(store, bytes, static_cast<char>(blocks.size()));
      if (block.at == nullptr) break;
      blocks.push_back(block);
    }
    // All but less than the largest slab.
    EXPECT_GT(store.counts().live_pages + 32, 16 * kMega / kPageBytes);
    EXPECT_FALSE(store.can_allocate(kMega));
    ASSERT_NO_FATAL_FAILURE(check(store));
    for (const Filled& block : blocks) {
      ASSERT_TRUE(block.is_intact());
      block.release(store);
    }
    EXPECT_TRUE(store.can_allocate(kMega));
    ASSERT_NO_FATAL_FAILURE(check(store));
  }
}

TEST(DataStore, ReturnsTheMemoryOfReleasedBlocks) {
  DataStore store(std::size_t{1} << 30);
  std::vector<Filled> blocks;
  for (std::size_t i = 0; i < 4000; ++i) blocks.push_back(Filled::allocate(store, 20'000, 'x'));
  const std::size_t before = resident_pages(store);
  EXPECT_GE(before, 20'000u);
  for (const Filled& block : blocks) block.release(store);
  EXPECT_EQ(store.counts().live_pages, 0u);
  EXPECT_LE(resident_pages(store), store.pages().dirty_bound());
}

TEST(DataStore, ReturnsPagesThatWereNotNeededForAWhile) {
  DataStore store(std::size_t{1} << 30);
  const Filled block = Filled::allocate(store, 100 * kPageBytes, 'x');
  const std::size_t pages = store.counts().live_pages;
  block.release(store);
  store.age();
  EXPECT_EQ(store.counts().dirty_pages, pages);
  // All of them were needed again.
  Filled::allocate(store, block.bytes, 'y').release(store);
  store.age();
  EXPECT_EQ(store.counts().dirty_pages, pages);
  store.age();
  EXPECT_EQ(store.counts().dirty_pages, 0u);
  EXPECT_EQ(resident_pages(store), 0u);
}

TEST(DataStore, KeepsTheEndOfALargeBlockForAMoment) {
  DataStore store(std::size_t{1} << 30);
  const std::size_t kept = store.pages().keepable_pages();
  ASSERT_GT(kept, PageHeap::kMostAged);
  Filled::allocate(store, 64 * kMega, 'x').release(store);
  EXPECT_EQ(store.counts().dirty_pages, kept);
  EXPECT_EQ(resident_pages(store), kept);
  ASSERT_NO_FATAL_FAILURE(check(store));
  // It displaces no dirty pages.
  EXPECT_EQ(store.pages().keepable_pages(), 0u);
  Filled::allocate(store, 64 * kMega, 'y').release(store);
  EXPECT_EQ(resident_pages(store), kept);
  ASSERT_NO_FATAL_FAILURE(check(store));
  store.age();
  store.age();
  EXPECT_EQ(store.counts().dirty_pages, kept - PageHeap::kMostAged);
  EXPECT_EQ(resident_pages(store), kept - PageHeap::kMostAged);
  ASSERT_NO_FATAL_FAILURE(check(store));
}

TEST(DataStore, ReleasesALargeBlockOfWhichPagesWereDiscarded) {
  for (const std::size_t discarded : {32 * kMega, 62 * kMega, 64 * kMega}) {
    DataStore store(std::size_t{1} << 30);
    const Filled before = Filled::allocate(store, 64 * kMega, 'x');
    const Filled block = Filled::allocate(store, 64 * kMega, 'y');
    store.begin_walk();
    ASSERT_TRUE(store.walk_some(100));
    const auto begin = reinterpret_cast<std::uintptr_t>(block.at);
    discard_pages(begin + 1, begin + discarded);
    store.release_discarded(block.at, discarded);
    ASSERT_NO_FATAL_FAILURE(check(store));
    ASSERT_TRUE(store.walk_some(100));
    EXPECT_EQ(store.walked().dirty_pages, store.counts().dirty_pages);
    EXPECT_EQ(store.walked().clean_pages, store.counts().clean_pages);
    EXPECT_EQ(resident_pages(store), 64 * kMega / kPageBytes + store.counts().dirty_pages);
    EXPECT_TRUE(before.is_intact());
    before.release(store);
  }
}

// The slots that the classes keep for the next allocations do not keep their slabs for long.
TEST(DataStore, KeepsNothingOfClassesThatAreNotUsed) {
  DataStore store(std::size_t{1} << 30);
  const auto use_all_classes = [&store] {
    for (const SlabClass& its : kSlabs) {
      std::vector<void*> blocks;
      for (std::size_t i = 0; i < 10 * its.slots; ++i) {
        blocks.push_back(store.allocate(BlockKind::value, its.slot_bytes));
      }
      // One of each slab in turn.
      for (std::size_t first = 0; first < its.slots; ++first) {
        for (std::size_t i = first; i < blocks.size(); i += its.slots) {
          store.release(BlockKind::value, blocks[i], its.slot_bytes);
        }
      }
    }
  };
  use_all_classes();
  EXPECT_GT(store.counts().live_pages, 8 * kSlabClasses);
  for (std::size_t i = 0; i < kSlabClasses / Slabs::kClassesAtOnce; ++i) store.age();
  EXPECT_EQ(store.counts().live_pages, 0u);
  ASSERT_NO_FATAL_FAILURE(check(store));
  use_all_classes();
  store.purge();
  EXPECT_EQ(store.counts().live_pages, 0u);
  EXPECT_EQ(resident_pages(store), 0u);
}

TEST(DataStore, KeepsFewAddressesInReserve) {
  DataStore store(std::size_t{1} << 30);
  base::Rng rng(3);
  std::vector<Filled> blocks;
  std::size_t most = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::size_t bytes = 10'000 + rng.below(90'000);
    if (blocks.size() < 400) {
      blocks.push_back(Filled::allocate(store, bytes, 'x'));
      continue;
    }
    Filled& old = blocks[rng.below(blocks.size())];
    old.release(store);
    old = Filled::allocate(store, bytes, 'x');
    const auto counts = store.counts();
    most = std::max(most, counts.live_pages + counts.dirty_pages + counts.clean_pages);
  }
  EXPECT_LE(most, 2 * store.counts().live_pages);
}

TEST(DataStore, ChargesItsTables) {
  const auto before = balance(Owner::runtime);
  {
    DataStore store(std::size_t{1} << 30);
    store.allocate(BlockKind::value, 100);
    EXPECT_GE(balance(Owner::runtime),
              before + static_cast<std::int64_t>(store.counts().table_bytes));
    EXPECT_GT(store.counts().table_bytes, 0u);
  }
  EXPECT_EQ(balance(Owner::runtime), before);
}

#ifndef LARDER_SYSTEM_MALLOC

// With a limit of addresses, as by `ulimit -v`.
void reserve_with_few_addresses() {
  rlimit limit{};
  limit.rlim_cur = limit.rlim_max = std::size_t{4} << 30;
  ::setrlimit(RLIMIT_AS, &limit);
  DataStore store(std::size_t{64} << 30);
  const std::size_t bytes = store.pages().addresses().bytes();
  const bool works = Filled::allocate(store, kMega, 'x').is_intact();
  std::exit(works && bytes >= std::size_t{1} << 30 && bytes <= std::size_t{4} << 30 ? 0 : 1);
}

TEST(DataStoreDeathTest, ReservesWhatTheSystemAllows) {
  EXPECT_EXIT(reserve_with_few_addresses(), testing::ExitedWithCode(0), "");
}

#endif

TEST(DataStoreDeathTest, NoticesAWrongSize) {
  DataStore store(256 * kMega);
  std::vector<void*> blocks;
  for (int i = 0; i < 20; ++i) blocks.push_back(store.allocate(BlockKind::value, 100));
  const auto release_all = [&] {
    for (void* block : blocks) store.release(BlockKind::value, block, 200);
  };
  EXPECT_DEATH(release_all(), "ASSERTION FAILED");
  void* const run = store.allocate(BlockKind::value, kMega);
  EXPECT_DEATH(store.release(BlockKind::value, static_cast<char*>(run) + kPageBytes, kMega),
               "ASSERTION FAILED");
}

}  // namespace
}  // namespace larder::memory
