// Emptying sparse slabs of the page store.

#include <gtest/gtest.h>

#include <iterator>
#include <utility>
#include <vector>

#include "larder/base/rng.h"
#include "src/memory/store/data_store.h"
#include "tests/memory/store_checks.h"

namespace larder::memory {
namespace {

class EmptyingTest : public ::testing::Test {
 protected:
  void fill(std::size_t count, std::size_t bytes) {
    for (std::size_t i = 0; i < count; ++i) {
      blocks.push_back(Filled::allocate(store, bytes, static_cast<char>(rng.next())));
    }
  }
  void release_one(std::size_t i) {
    std::swap(blocks[i], blocks.back());
    ASSERT_TRUE(blocks.back().is_intact());
    blocks.back().release(store);
    blocks.pop_back();
  }
  void release_share(unsigned percent) {
    for (std::size_t i = blocks.size(); i-- > 0;) {
      if (rng.below(100) < percent) release_one(i);
    }
  }
  // Returns how many blocks moved.
  std::size_t move_all() {
    std::size_t moved = 0;
    for (Filled& block : blocks) moved += move(block) ? 1 : 0;
    return moved;
  }
  bool move(Filled& block) {
    if (!store.is_emptying(block.at)) return false;
    void* const to = store.move(BlockKind::value, block.at, block.bytes);
    if (to == nullptr) return false;
    EXPECT_FALSE(store.is_emptying(to));
    block.at = static_cast<char*>(to);
    return true;
  }
  void mark_all() {
    while (!store.mark_some(BlockKind::value, 7)) {
    }
  }
  void unmark_all() {
    while (!store.unmark_some(BlockKind::value, 7)) {
    }
  }
  void expect_sound() {
    ASSERT_NO_FATAL_FAILURE(check(store));
    for (const Filled& block : blocks) ASSERT_TRUE(block.is_intact());
  }

  DataStore store{std::size_t{1} << 30};
  std::vector<Filled> blocks;
  base::Rng rng{11};
};

TEST_F(EmptyingTest, ReturnsThePagesOfReleasedBlocks) {
  fill(40'000, 48);
  fill(4'000, 700);
  for (const unsigned percent : {50u, 80u}) {
    release_share(percent);
    const auto before = store.counts();
    const std::size_t recoverable = store.recoverable_pages(BlockKind::value);
    mark_all();
    EXPECT_EQ(store.recoverable_pages(BlockKind::value), recoverable);
    EXPECT_GT(move_all(), 0u);
    expect_sound();
    const auto after = store.counts();
    EXPECT_EQ(after.block_bytes, before.block_bytes);
    EXPECT_EQ(before.live_pages - after.live_pages, recoverable);
    // A slab of each class, and what slabs have beside their slots.
    EXPECT_LT(after.live_pages * kPageBytes,
              after.block_bytes + after.block_bytes / 50 + (48 << 10));
    EXPECT_EQ(store.recoverable_pages(BlockKind::value), 0u);
    unmark_all();
  }
}

TEST_F(EmptyingTest, LeavesSlabsWithoutEnoughRoomElsewhere) {
  const std::size_t slots = kSlabs[slab_class(1024)].slots;
  fill(3 * slots, 1024);
  // One slot of free room is missing to do without a slab.
  for (std::size_t i = 0; i + 1 < slots; ++i) release_one(rng.below(blocks.size()));
  store.purge();
  EXPECT_EQ(store.recoverable_pages(BlockKind::value), 0u);
  mark_all();
  EXPECT_EQ(move_all(), 0u);
  release_one(0);
  store.purge();
  EXPECT_EQ(store.recoverable_pages(BlockKind::value), kSlabs[slab_class(1024)].pages);
  mark_all();
  EXPECT_GT(move_all(), 0u);
  EXPECT_EQ(store.counts().live_pages, 2 * kSlabs[slab_class(1024)].pages);
  expect_sound();
}

TEST_F(EmptyingTest, TakesNoNewSlabForABlockThatMoves) {
  fill(10'000, 48);
  release_share(50);
  store.purge();
  mark_all();
  // Allocations take the room that the blocks were to move to.
  fill(5'000, 48);
  const std::size_t pages = store.counts().live_pages;
  move_all();
  EXPECT_LE(store.counts().live_pages, pages);
  expect_sound();
}

TEST_F(EmptyingTest, AllocatesNothingInChosenSlabs) {
  fill(10'000, 48);
  release_share(60);
  mark_all();
  const std::size_t old = blocks.size();
  fill(8'000, 48);
  for (std::size_t i = old; i < blocks.size(); ++i) EXPECT_FALSE(store.is_emptying(blocks[i].at));
  // Nor when blocks of chosen slabs are released in between.
  for (int i = 0; i < 2'000; ++i) {
    release_one(rng.below(old / 2));
    fill(1, 48);
    ASSERT_FALSE(store.is_emptying(blocks.back().at));
  }
  expect_sound();
}

TEST_F(EmptyingTest, MakesTheRestOrdinarySlabsAgain) {
  fill(10'000, 48);
  release_share(50);
  mark_all();
  unmark_all();
  for (const Filled& block : blocks) ASSERT_FALSE(store.is_emptying(block.at));
  EXPECT_EQ(move_all(), 0u);
  const std::size_t pages = store.counts().live_pages;
  // Their free slots are used before another slab is taken.
  fill(10'000 - blocks.size(), 48);
  EXPECT_EQ(store.counts().live_pages, pages);
  expect_sound();
}

TEST_F(EmptyingTest, LeavesBlocksOutsideOfSlabs) {
  fill(10, 100'000);
  mark_all();
  int elsewhere = 0;
  EXPECT_FALSE(store.is_emptying(&elsewhere));
  EXPECT_EQ(store.move(BlockKind::value, &elsewhere, sizeof elsewhere), nullptr);
  EXPECT_EQ(move_all(), 0u);
  EXPECT_EQ(store.recoverable_pages(BlockKind::value), 0u);
}

// Any order of allocations, releases, moves, choosing and giving up.
TEST_F(EmptyingTest, KeepsBlocksInAnyOrderOfSteps) {
  std::size_t moved = 0;
  for (int round = 0; round < 20'000; ++round) {
    const bool grows = round / 2'000 % 2 == 0;
    const std::uint64_t act = rng.below(10);
    if (act < (grows ? 5u : 2u) || blocks.empty()) {
      constexpr std::size_t kSizes[] = {16, 48, 200, 1000, 5000, 20'000};
      fill(1, kSizes[rng.below(std::size(kSizes))]);
    } else if (act < 7) {
      release_one(rng.below(blocks.size()));
    } else if (act < 9) {
      for (int i = 0; i < 20; ++i) moved += move(blocks[rng.below(blocks.size())]) ? 1 : 0;
    } else {
      rng.below(8) == 0 ? store.unmark_some(BlockKind::value, 20)
                        : store.mark_some(BlockKind::value, 3);
    }
    if (round % 64 == 0) {
      ASSERT_NO_FATAL_FAILURE(check(store));
    }
  }
  EXPECT_GT(moved, 400u);
  expect_sound();
  while (!blocks.empty()) release_one(blocks.size() - 1);
  store.purge();
  EXPECT_EQ(store.counts().live_pages, 0u);
  EXPECT_EQ(store.recoverable_pages(BlockKind::value), 0u);
}

}  // namespace
}  // namespace larder::memory
