#include "larder/memory/ledger.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "larder/memory/heap.h"

namespace larder::memory {
namespace {

TEST(Ledger, ChargesAndReleasesBytesOfAnOwner) {
  for (const Owner owner : {Owner::lists, Owner::pubsub}) {
    const auto before = balance(owner);
    void* block = allocate(owner, 100);
    EXPECT_EQ(balance(owner), before + (kHasPageStore && is_dataset(owner) ? 104 : 112));
    block = reallocate(owner, block, 100, 1000);
    EXPECT_EQ(balance(owner), before + (kHasPageStore && is_dataset(owner) ? 1008 : 1024));
    release(owner, block, 1000);
    EXPECT_EQ(balance(owner), before);
  }
}

TEST(Ledger, ChargesOperatorNewToTheRuntime) {
  const auto before = balance(Owner::runtime);
  auto block = std::make_unique<std::array<char, 10'000>>();
  EXPECT_GE(balance(Owner::runtime), before + 10'000);
  block.reset();
  EXPECT_EQ(balance(Owner::runtime), before);
}

TEST(Ledger, SumsOverThreadsAlsoAfterTheyEnd) {
  const auto before = balance(Owner::pubsub);
  void* block = nullptr;
  std::thread([&block] { block = allocate(Owner::pubsub, 64); }).join();
  EXPECT_EQ(balance(Owner::pubsub), before + 64);
  release(Owner::pubsub, block, 64);
  EXPECT_EQ(balance(Owner::pubsub), before);
}

TEST(Ledger, TransferKeepsTheSum) {
  void* block = allocate(Owner::hashes, 48);
  const auto used = used_bytes();
  transfer(Owner::hashes, Owner::graveyard, 48);
  EXPECT_EQ(used_bytes(), used);
  EXPECT_EQ(balance(Owner::graveyard), 48);
  release(Owner::graveyard, block, 48);
}

TEST(Ledger, NamesEveryOwnerDifferently) {
  for (std::size_t a = 0; a < kOwners; ++a) {
    EXPECT_FALSE(name(static_cast<Owner>(a)).empty());
    for (std::size_t b = 0; b < a; ++b) {
      EXPECT_NE(name(static_cast<Owner>(a)), name(static_cast<Owner>(b)));
    }
  }
}

TEST(LedgerDeathTest, ANegativeOwnerEndsTheProcess) {
  EXPECT_DEATH(
      {
        charge(Owner::pubsub, -1);
        balance();
      },
      "ASSERTION FAILED");
}

TEST(Allocator, ChargesTheOwnerInItsType) {
  const auto before = balance(Owner::tracking);
  {
    std::vector<int, Allocator<int, Owner::tracking>> numbers(1000);
    EXPECT_EQ(balance(Owner::tracking), before + 4096);
  }
  EXPECT_EQ(balance(Owner::tracking), before);
}

}  // namespace
}  // namespace larder::memory
