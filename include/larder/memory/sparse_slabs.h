#pragma once

// Emptying the sparse slabs of the page store, so that their pages become free. A pass has three
// parts, each in steps: slabs are chosen, which then provide no more slots; the owners of blocks
// offer them to a SlabMover; and slabs that are not empty at the end become ordinary ones. Without
// a page store there is nothing to choose.

#include <cstddef>
#include <cstdint>

#include "larder/memory/mover.h"

namespace larder::memory {

// How well the store's pages are used.
struct PageUse {
  std::uint64_t live_bytes = 0;         // of the pages that hold blocks
  std::uint64_t block_bytes = 0;        // of the blocks
  std::uint64_t recoverable_bytes = 0;  // of the pages that a pass could return

  std::uint64_t wasted_bytes() const { return live_bytes - block_bytes; }
  // Of the blocks' bytes.
  double wasted_percent() const {
    return block_bytes == 0
               ? 0
               : 100.0 * static_cast<double>(wasted_bytes()) / static_cast<double>(block_bytes);
  }
};
// Cost: about a microsecond.
PageUse page_use();

// The parts of a pass. Each call does a step of less than 50 microseconds; true at the end.
bool choose_sparse_slabs();
bool release_chosen_slabs();

// Moves the blocks of chosen slabs to other slabs that have room.
class SlabMover final : public Mover {
 public:
  bool wants(const void* block) const override;
  void* move(Owner owner, void* block, std::size_t bytes) override;
  void* move_aligned(Owner owner, void* block, std::size_t bytes, std::size_t alignment) override;
};

}  // namespace larder::memory
