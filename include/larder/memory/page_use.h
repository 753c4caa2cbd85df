#pragma once

// How well the pages of the dataset are used. Without a page store nothing is known of them, and
// all figures are 0.

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>

namespace larder::memory {

// The kinds of blocks, which are in slabs of their own: the entries of the keyspace, the blocks of
// its tables, and everything else.
enum class BlockKind : std::uint8_t { entry, table, value };
inline constexpr std::size_t kBlockKinds = 3;

struct PageUse {
  std::uint64_t live_bytes = 0;   // of the pages that hold blocks
  std::uint64_t block_bytes = 0;  // of the blocks
  // Of the pages that emptying sparse slabs of a kind can return.
  std::array<std::uint64_t, kBlockKinds> recoverable_bytes{};

  std::uint64_t wasted_bytes() const { return live_bytes - block_bytes; }
  std::uint64_t recoverable(BlockKind kind) const {
    return recoverable_bytes[static_cast<std::size_t>(kind)];
  }
  std::uint64_t recoverable() const {
    return std::accumulate(recoverable_bytes.begin(), recoverable_bytes.end(), std::uint64_t{0});
  }
  // Of the blocks' bytes.
  double wasted_percent() const {
    return block_bytes == 0
               ? 0
               : 100.0 * static_cast<double>(wasted_bytes()) / static_cast<double>(block_bytes);
  }
};
// Cost: about a microsecond.
PageUse page_use();

// PageUse::wasted_bytes(). Cost: a few instructions.
std::uint64_t wasted_page_bytes();

// From now on free pages stay in physical memory only as long as they, and the pages that hold
// blocks, together are at most what the latter are now and `bytes`. May return some to the system.
// Blocks of 1 to 32 MB outside of the page store return their pages when they are released, instead
// of leaving them to jemalloc for a second, if four blocks of that size exceed the spare bytes.
void set_spare_page_bytes(std::uint64_t bytes);
std::uint64_t spare_page_bytes();
inline constexpr std::uint64_t kAnySparePages = std::uint64_t{1} << 60;

}  // namespace larder::memory
