// Emptying slabs of entries, one after the other, and the bound of free pages.

#include <gtest/gtest.h>

#include <array>
#include <iterator>
#include <map>
#include <span>

#include "larder/base/rng.h"
#include "src/memory/store/data_store.h"
#include "tests/memory/store_checks.h"

namespace larder::memory {
namespace {

class EvacuationTest : public ::testing::Test {
 protected:
  using Blocks = std::map<void*, Filled>;

  void fill(std::size_t count, std::size_t bytes) {
    for (std::size_t i = 0; i < count; ++i) {
      const Filled block =
          Filled::allocate(store, bytes, static_cast<char>(rng.next()), BlockKind::entry);
      ASSERT_TRUE(blocks.emplace(block.at, block).second);
    }
  }
  Blocks::iterator any() {
    auto found = blocks.lower_bound(reinterpret_cast<void*>(
        reinterpret_cast<std::uintptr_t>(blocks.begin()->first) +
        rng.below(reinterpret_cast<std::uintptr_t>(blocks.rbegin()->first) + 1 -
                  reinterpret_cast<std::uintptr_t>(blocks.begin()->first))));
    return found == blocks.end() ? blocks.begin() : found;
  }
  void release(Blocks::iterator block) {
    ASSERT_TRUE(block->second.is_intact());
    block->second.release(store);
    blocks.erase(block);
  }
  void release_share(unsigned percent) {
    for (auto block = blocks.begin(); block != blocks.end();) {
      const auto at = block++;
      if (rng.below(100) < percent) release(at);
    }
  }
  std::span<void*> show() { return std::span(shown).first(store.show_entries(shown)); }
  void move(void* from) {
    const auto found = blocks.find(from);
    ASSERT_NE(found, blocks.end()) << "a slot without a block is shown";
    Filled block = found->second;
    void* const to = store.move(BlockKind::entry, from, block.bytes);
    ASSERT_NE(to, nullptr);
    ASSERT_FALSE(store.is_emptying(to));
    blocks.erase(found);
    block.at = static_cast<char*>(to);
    ASSERT_TRUE(blocks.emplace(to, block).second);
    ++moved;
  }
  void empty_all() {
    while (true) {
      const std::span<void*> some = show();
      if (some.empty()) return;
      for (void* block : some) ASSERT_NO_FATAL_FAILURE(move(block));
    }
  }
  void expect_sound() {
    ASSERT_NO_FATAL_FAILURE(check(store));
    for (const auto& [at, block] : blocks) ASSERT_TRUE(block.is_intact());
  }

  DataStore store{std::size_t{1} << 30};
  Blocks blocks;
  std::array<void*, 32> shown;
  std::size_t moved = 0;
  base::Rng rng{17};
};

TEST_F(EvacuationTest, ReturnsThePagesOfReleasedBlocks) {
  fill(40'000, 48);
  fill(4'000, 700);
  fill(300, 15'000);
  for (const unsigned percent : {50u, 80u}) {
    release_share(percent);
    const auto before = store.counts();
    const std::size_t recoverable = store.recoverable_pages(BlockKind::entry);
    ASSERT_NO_FATAL_FAILURE(empty_all());
    ASSERT_NO_FATAL_FAILURE(expect_sound());
    const auto after = store.counts();
    EXPECT_EQ(after.block_bytes, before.block_bytes);
    EXPECT_GE(before.live_pages - after.live_pages, recoverable * 9 / 10);
    // A slab of each class, and the share of free slots for which nothing moves.
    EXPECT_LT(after.live_pages * kPageBytes,
              after.block_bytes + after.block_bytes / 25 + (300 << 10));
  }
  EXPECT_GT(moved, 10'000u);
}

TEST_F(EvacuationTest, EmptiesTheSparsestSlabFirst) {
  const SlabClass& its = kSlabs[slab_class(1000)];
  fill(8 * its.slots, 1000);
  std::map<RunId, std::size_t> used;
  for (auto block = blocks.begin(); block != blocks.end();) {
    const auto at = block++;
    const RunId slab = store.pages().run_of(at->first);
    // One slab keeps two blocks, the others lose four.
    std::size_t& seen = used[slab];
    if (slab == used.begin()->first ? ++seen > 2 : ++seen > its.slots - 4) release(at);
  }
  store.age();
  for (int i = 0; i < 16; ++i) store.age();
  const std::span<void*> some = show();
  ASSERT_EQ(some.size(), 2u);
  for (void* block : some) EXPECT_EQ(store.pages().run_of(block), used.begin()->first);
}

TEST_F(EvacuationTest, DoesNotKeepTheSlabsOfBlocksThatStay) {
  fill(5'000, 48);
  release_share(60);
  std::map<void*, int> times;
  while (true) {
    const std::span<void*> some = show();
    if (some.empty()) break;
    for (void* block : some) ASSERT_EQ(++times[block], 1);
  }
  EXPECT_GT(times.size(), 500u);
  ASSERT_NO_FATAL_FAILURE(expect_sound());
  // The slabs that were shown provide slots again.
  const std::size_t pages = store.counts().live_pages;
  fill(2'500, 48);
  EXPECT_EQ(store.counts().live_pages, pages);
}

TEST_F(EvacuationTest, IsNotConfusedByWhatHappensBetweenTwoSteps) {
  constexpr std::size_t kSizes[] = {24, 48, 200, 1000, 5000, 16'000, 20'000};
  for (int round = 0; round < 30'000; ++round) {
    const bool grows = round / 3'000 % 2 == 0;
    const std::uint64_t act = rng.below(10);
    if (act < (grows ? 5u : 2u) || blocks.empty()) {
      fill(1, kSizes[rng.below(std::size(kSizes))]);
    } else if (act < 7) {
      release(any());
    } else if (act == 9 && rng.below(8) == 0) {
      store.age();
    } else {
      for (void* block : show()) {
        if (rng.below(8) != 0) {
          // Another class may have taken what had been free.
          ASSERT_TRUE(blocks.contains(block));
          Filled at = blocks.at(block);
          void* const to = store.move(BlockKind::entry, block, at.bytes);
          if (to == nullptr) continue;
          blocks.erase(block);
          at.at = static_cast<char*>(to);
          blocks.emplace(to, at);
          ++moved;
        }
      }
    }
    if (round % 64 == 0) {
      ASSERT_NO_FATAL_FAILURE(check(store));
    }
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(moved, 1'000u);
  ASSERT_NO_FATAL_FAILURE(expect_sound());
  while (!blocks.empty()) release(blocks.begin());
  store.purge();
  EXPECT_EQ(store.counts().live_pages, 0u);
}

TEST_F(EvacuationTest, KeepsNoMoreFreePagesThanAreSpare) {
  const auto pages = [this] { return store.counts().live_pages + store.counts().dirty_pages; };
  fill(2'000, 10'000);
  release_share(90);
  EXPECT_GT(store.counts().dirty_pages, 1'000u);
  store.set_spare_pages(100);
  EXPECT_LE(store.counts().dirty_pages, 100u);
  const std::size_t most = store.counts().live_pages + 100;
  for (int i = 0; i < 3'000; ++i) {
    rng.below(2) == 0 ? fill(1, 1 + rng.below(20'000)) : release(any());
    ASSERT_LE(pages(), std::max(most, store.counts().live_pages));
  }
  store.set_spare_pages(std::size_t{1} << 40);
  release_share(90);
  EXPECT_GT(store.counts().dirty_pages, 100u);
  ASSERT_NO_FATAL_FAILURE(expect_sound());
}

}  // namespace
}  // namespace larder::memory
