#include "larder/memory/data_class.h"

#include <gtest/gtest.h>

namespace larder::memory {
namespace {

TEST(DataClass, CoversTheBytesAndIsItsOwnClass) {
  std::size_t before = 0;
  for (std::size_t bytes = 1; bytes <= 1 << 21; ++bytes) {
    const std::size_t whole = data_class(bytes);
    ASSERT_GE(whole, bytes);
    ASSERT_GE(whole, before) << bytes;
    ASSERT_EQ(data_class(whole), whole) << bytes;
    before = whole;
  }
}

TEST(DataClass, WastesAtMostAnEighth) {
  for (std::size_t bytes = 32 << 10; bytes <= 1 << 21; bytes += 13) {
    ASSERT_LE(data_class(bytes) - bytes, bytes / 8) << bytes;
  }
  for (std::size_t bytes = 1; bytes <= 32 << 10; ++bytes) {
    const std::size_t most = bytes <= 512 ? 7 : bytes <= 1024 ? 15 : bytes / 7;
    ASSERT_LE(data_class(bytes) - bytes, bytes <= kMostSlotBytes ? most : kPageBytes - 1) << bytes;
  }
}

TEST(DataClass, IsASlotUpTo16KiBAndWholePagesAbove) {
  for (std::size_t bytes = 1; bytes <= kMostSlotBytes; ++bytes) {
    ASSERT_EQ(data_class(bytes), kSlabs[slab_class(bytes)].slot_bytes) << bytes;
  }
  for (std::size_t bytes = kMostSlotBytes + 1; bytes <= 1 << 21; ++bytes) {
    ASSERT_EQ(data_class(bytes) % kPageBytes, 0u) << bytes;
  }
  EXPECT_EQ(data_class(std::size_t{1} << 60), std::size_t{1} << 60);
}

TEST(DataClass, SlabsHoldTheirSlots) {
  std::size_t before = 0;
  for (const SlabClass& slab : kSlabs) {
    EXPECT_GT(slab.slot_bytes, before);
    EXPECT_EQ(slab.slot_bytes % 8, 0u);
    EXPECT_LE(slab.slots * slab.slot_bytes, slab.pages * kPageBytes);
    EXPECT_GT((slab.slots + 1) * slab.slot_bytes, slab.pages * kPageBytes);
    before = slab.slot_bytes;
  }
  EXPECT_EQ(before, kMostSlotBytes);
}

// The buckets of tables, and the headers of their segments, of which 1088 bytes is the largest.
TEST(DataClass, WholeCacheLinesAreClasses) {
  for (std::size_t bytes = 64; bytes <= 1088; bytes += 64) EXPECT_EQ(data_class(bytes), bytes);
}

}  // namespace
}  // namespace larder::memory
