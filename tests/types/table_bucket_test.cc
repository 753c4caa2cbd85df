#include "larder/types/table_bucket.h"

#include <gtest/gtest.h>

namespace larder::types::detail {
namespace {

// Slots whose low half, high half, or neither is 0.
TEST(TableBucket, KnowsWhichSlotsAreOccupied) {
  for (const std::uint64_t slot : {std::uint64_t{1}, std::uint64_t{1} << 32, ~std::uint64_t{0}}) {
    for (unsigned mask = 0; mask < 1u << kBucketSlots; ++mask) {
      Bucket bucket{};
      for (unsigned i = 0; i < kBucketSlots; ++i) {
        bucket.slots[i] = (mask >> i & 1) != 0 ? slot : 0;
        bucket.tags[i] = static_cast<std::uint8_t>(mask * i);
      }
      bucket.passed = static_cast<std::uint8_t>(mask);
      EXPECT_EQ(bucket.occupied(), mask);
    }
  }
}

}  // namespace
}  // namespace larder::types::detail
