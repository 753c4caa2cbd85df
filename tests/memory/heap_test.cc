#include "larder/memory/heap.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "larder/base/rng.h"
#include "larder/memory/page_use.h"
#include "larder/memory/pages.h"

#ifndef LARDER_SYSTEM_MALLOC
#include <jemalloc/jemalloc.h>
#endif

namespace larder::memory {
namespace {

TEST(SizeClass, CoversTheBytesAndIsItsOwnClass) {
  for (std::size_t bytes = 1; bytes <= 1 << 16; ++bytes) {
    const std::size_t whole = size_class(bytes);
    ASSERT_GE(whole, bytes);
    ASSERT_EQ(size_class(whole), whole);
    ASSERT_TRUE(bytes <= 16 || whole < bytes + bytes / 4 + 16) << bytes;
  }
}

#ifndef LARDER_SYSTEM_MALLOC

TEST(SizeClass, IsTheUsableSizeOfTheAllocator) {
  for (std::size_t bytes = 1; bytes <= 1 << 20; ++bytes) {
    ASSERT_EQ(size_class(bytes), nallocx(bytes, 0)) << bytes;
  }
  base::Rng rng(1);
  for (int i = 0; i < 100'000; ++i) {
    const std::size_t bytes = (1 << 20) + rng.below(std::size_t{1} << (21 + rng.below(20)));
    ASSERT_EQ(size_class(bytes), nallocx(bytes, 0)) << bytes;
  }
}

TEST(SizeClass, OfARoundedUpSizeIsThatOfAnAlignedBlock) {
  for (std::size_t alignment = 32; alignment <= 4096; alignment *= 2) {
    for (std::size_t bytes = 1; bytes <= 1 << 17; bytes += 7) {
      const std::size_t whole = (bytes + alignment - 1) & ~(alignment - 1);
      ASSERT_EQ(size_class(whole), nallocx(whole, MALLOCX_ALIGN(alignment)))
          << bytes << " at " << alignment;
    }
  }
}

TEST(Heap, ReturnsBlocksOfTheirSizeClass) {
  void* block = allocate(Owner::pubsub, 100);
  EXPECT_EQ(sallocx(block, 0), size_class(100));
  release(Owner::pubsub, block, 100);
}

#endif

TEST(Heap, AlignsBlocks) {
  for (std::size_t bytes = 1; bytes < 5000; bytes = bytes * 3 / 2 + 1) {
    for (const Owner owner : {Owner::strings, Owner::runtime}) {
      const std::size_t alignment = bytes < 16 || is_dataset(owner) ? 8 : 16;
      void* block = allocate(owner, bytes);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignment, 0u);
      std::memset(block, 1, size_class(owner, bytes));
      release(owner, block, bytes);
    }
    for (std::size_t alignment = 32; alignment <= 4096; alignment *= 2) {
      const auto before = balance(Owner::runtime);
      void* aligned = allocate_aligned(Owner::runtime, bytes, alignment);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(aligned) % alignment, 0u);
      std::memset(aligned, 1, bytes);
      EXPECT_GT(balance(Owner::runtime), before);
      release_aligned(Owner::runtime, aligned, bytes, alignment);
      EXPECT_EQ(balance(Owner::runtime), before);
    }
  }
}

TEST(Heap, KeepsContentsWhenABlockGrowsAndShrinks) {
  for (const Owner owner : {Owner::streams, Owner::pubsub}) {
    auto* block = static_cast<char*>(allocate(owner, 10));
    const std::string_view text = "0123456789";
    text.copy(block, text.size());
    std::size_t bytes = 10;
    for (const std::size_t next : {100u, 100'000u, 150'000u, 40'000u, 40u, 12u}) {
      block = static_cast<char*>(reallocate(owner, block, bytes, next));
      bytes = next;
      EXPECT_EQ(std::string_view(block, text.size()), text);
      EXPECT_EQ(balance(owner), static_cast<std::int64_t>(size_class(owner, next)));
    }
    release(owner, block, bytes);
    EXPECT_EQ(balance(owner), 0);
  }
}

TEST(Heap, AlignsBlocksOfTheDataset) {
  for (std::size_t bytes = 64; bytes <= 1024; bytes += 64) {
    void* block = allocate_aligned(Owner::sets, bytes, 64);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % 64, 0u);
    EXPECT_EQ(balance(Owner::sets), static_cast<std::int64_t>(size_class(Owner::sets, bytes)));
    release_aligned(Owner::sets, block, bytes, 64);
  }
  EXPECT_EQ(balance(Owner::sets), 0);
}

#ifdef LARDER_DATA_PAGES

TEST(HeapDeathTest, RefusesBlocksOfTheDatasetToOtherThreads) {
  release(Owner::sets, allocate(Owner::sets, 8), 8);
  EXPECT_DEATH(std::thread([] { allocate(Owner::sets, 8); }).join(), "ASSERTION FAILED");
}

#endif

TEST(Heap, MakesAndDestroysObjects) {
  struct Counted {
    explicit Counted(int& count) : living(count) { ++living; }
    ~Counted() { --living; }
    int& living;
  };
  int living = 0;
  Counted* object = make<Counted>(Owner::acl, living);
  EXPECT_EQ(living, 1);
  EXPECT_EQ(balance(Owner::acl), 8);
  destroy(Owner::acl, object);
  EXPECT_EQ(living, 0);
  EXPECT_EQ(balance(Owner::acl), 0);
}

struct alignas(64) Line {
  char bytes[64];
};

// Every form of new and delete frees exactly the bytes that it allocated.
TEST(OperatorNew, BalancesTheRuntimeOwner) {
  const auto before = balance(Owner::runtime);
  delete new int(1);
  delete[] new char[1000];
  delete new Line;
  delete[] new Line[10];
  ::operator delete(::operator new(0));
  ::operator delete(::operator new(100, std::nothrow), std::nothrow);
#ifdef __cpp_sized_deallocation
  ::operator delete (::operator new(100), std::size_t{100});
  ::operator delete[](::operator new[](100), std::size_t{100});
#endif
  ::operator delete (::operator new (5000, std::align_val_t{8192}), std::align_val_t{8192});
  ::operator delete(nullptr);
  EXPECT_EQ(balance(Owner::runtime), before);
}

#ifndef LARDER_SYSTEM_MALLOC

TEST(Heap, ReportsWhetherABlockCanBeAllocated) {
  const auto before = used_bytes();
  EXPECT_TRUE(can_allocate(100 << 20));
  EXPECT_FALSE(can_allocate(std::size_t{1} << 60));
  EXPECT_EQ(used_bytes(), before);
}

TEST(HeapDeathTest, ReportsTheFailedAllocation) {
  const auto fail = [] {
    on_exhaustion([](Owner owner, std::size_t bytes) {
      std::fprintf(stderr, "no %zu bytes for %s\n", bytes, std::string(name(owner)).c_str());
    });
    release(Owner::lists, allocate(Owner::lists, std::size_t{1} << 60), std::size_t{1} << 60);
  };
  EXPECT_DEATH(fail(), "no 1152921504606846976 bytes for lists");
}

#endif

TEST(HeapDeathTest, EndsTheProcessWhenThereIsNoMemory) {
  EXPECT_DEATH(exhausted(Owner::lists, 7), "ASSERTION FAILED: the system has memory left");
}

TEST(OperatorNew, ThrowsIfTheSystemHasNoMemory) {
  const auto before = balance(Owner::runtime);
  volatile std::size_t bytes = PTRDIFF_MAX;
  EXPECT_THROW(::operator delete(::operator new(bytes + 1)), std::bad_alloc);
  EXPECT_EQ(::operator new(bytes + 1, std::nothrow), nullptr);
  EXPECT_EQ(balance(Owner::runtime), before);
}

// jemalloc keeps the pages of released blocks for a moment, if there is room for them.
TEST(Heap, ReturnsThePagesOfLargeBlocksIfNoneAreSpare) {
  if (!kHasPageStore) GTEST_SKIP() << "without a limit of pages";
  // jemalloc returns the pages of larger ones at once, without its thread.
  constexpr std::size_t kBytes = 6 << 20;
  const auto left_by = [](auto release_it) {
    void* const block = allocate(Owner::client_input, kBytes);
    std::memset(block, 1, kBytes);
    const std::uint64_t before = resident_set_bytes();
    release_it(block);
    return static_cast<double>(resident_set_bytes()) - static_cast<double>(before);
  };
  const auto release_it = [](void* block) { release(Owner::client_input, block, kBytes); };
  const auto grow_it = [](void* block) {
    void* const more = reallocate(Owner::client_input, block, kBytes, 7 << 20);
    EXPECT_EQ(static_cast<char*>(more)[kBytes - 1], 1);
    release(Owner::client_input, more, 7 << 20);
  };
  set_spare_page_bytes(4 * kBytes);
  EXPECT_GT(left_by(release_it), -1e6);
  set_spare_page_bytes(4 * kBytes - 1);
  EXPECT_LT(left_by(release_it), -5.5e6);
  EXPECT_LT(left_by(grow_it), -5.5e6);
  set_spare_page_bytes(kAnySparePages);
}

}  // namespace
}  // namespace larder::memory
