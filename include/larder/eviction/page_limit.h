#pragma once

// The limit of pages. maxmemory bounds the bytes of blocks; the pages that hold them have holes,
// which may take 3 % of maxmemory and 4 MB more. The nearer this edge is, the more is moved out of
// sparse slabs by each command that needs memory, so that keys are evicted for pages only where
// moving returns none.
//
//   bytes of blocks and holes
//   |------------------------|-----------------|-----------|----------->
//                        maxmemory      passes over      entries     edge
//                                       values begin     move
//
// Without a page store there are no holes that are known, and no limit of pages.

#include <array>
#include <cstdint>

#include "larder/base/budget.h"
#include "larder/keyspace/evacuator.h"
#include "larder/memory/ledger.h"
#include "larder/memory/page_use.h"

namespace larder::eviction {

class PageLimit {
 public:
  explicit PageLimit(keyspace::Evacuator& evacuator) : evacuator_(evacuator) {}

  // What the holes may take.
  static constexpr std::uint64_t kPercent = 3;
  static constexpr std::uint64_t kBytes = 4 << 20;
  static constexpr std::uint64_t slack(std::uint64_t maxmemory) {
    return maxmemory / 100 * kPercent + kBytes;
  }
  // Where passes over tables and values begin, before entries move.
  static constexpr std::uint64_t where_moving_begins(std::uint64_t maxmemory) {
    return maxmemory + slack(maxmemory) / 3;
  }

  // Whether moving may be due. Cost: a few nanoseconds.
  static bool is_near(std::uint64_t maxmemory) {
    return maxmemory != 0 &&
           memory::used_bytes() + memory::wasted_page_bytes() > where_moving_begins(maxmemory);
  }

  // Of all bytes that count against maxmemory, with those that wait to be freed.
  struct Use {
    std::uint64_t maxmemory;
    std::uint64_t bytes;
    std::uint64_t with_holes() const { return bytes + memory::wasted_page_bytes(); }
    bool is_over() const { return with_holes() > maxmemory + slack(maxmemory); }
  };

  // Free pages may take what is left of the limit.
  static void bound_free_pages(const Use& use);
  // A part of the moving that is due. Cost: about 40 microseconds, and a step.
  void move_some(const Use& use);
  // Goes on with a pass that is not driven by commands any more: until its end, the slabs that it
  // has chosen provide no slots. Cost: about 100 microseconds.
  void go_on();
  // At the edge: another step; false if moving returns nothing more.
  bool move_more(const Use& use);

 private:
  void move_others(const Use& use, base::Budget& budget);
  bool begin_pass(const Use& use);

  keyspace::Evacuator& evacuator_;
  // The holes when a pass over this kind of blocks last began, or was found to be not worth it.
  std::array<std::uint64_t, memory::kBlockKinds> holes_looked_at_{};
};

}  // namespace larder::eviction
