#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "larder/memory/heap.h"
#include "larder/memory/pages.h"

namespace larder::memory {
namespace {

TEST(Zeros, AreWrittenBetweenTheAddressesOnly) {
  constexpr std::size_t kBytes = 4 << 20;
  auto* const block = static_cast<char*>(allocate(Owner::runtime, kBytes));
  for (const std::size_t begin : {std::size_t{0}, std::size_t{1}, std::size_t{5000}}) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{3}, std::size_t{9000},
                                   std::size_t{2} << 20, kBytes - begin}) {
      std::memset(block, 'x', kBytes);
      write_zeros(block + begin, size);
      const auto is = [](char wanted) { return [wanted](char c) { return c == wanted; }; };
      EXPECT_TRUE(std::all_of(block, block + begin, is('x')));
      EXPECT_TRUE(std::all_of(block + begin, block + begin + size, is('\0')));
      EXPECT_TRUE(std::all_of(block + begin + size, block + kBytes, is('x')));
    }
  }
  release(Owner::runtime, block, kBytes);
}

}  // namespace
}  // namespace larder::memory
