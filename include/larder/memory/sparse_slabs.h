#pragma once

// Emptying the sparse slabs of the page store, so that their pages become free. Without a page
// store there is nothing to empty.

#include <cstddef>
#include <span>

#include "larder/memory/mover.h"
#include "larder/memory/page_use.h"

namespace larder::memory {

// The pointer to an entry is found by its key. This returns some entries that should move to other
// slabs, up to `blocks.size()`, by a SlabMover; 0 if no slab is worth emptying. The caller must
// move the blocks before the next allocation. Cost: a few microseconds.
std::size_t show_sparse_entries(std::span<void*> blocks);

// The owners of other blocks are only found by a walk over all data. A pass has three parts, each
// in steps: slabs are chosen, which then provide no more slots; the owners of blocks offer them to
// a SlabMover; and slabs that are not empty at the end become ordinary ones. Each call does a step
// of less than 50 microseconds; true at the end.
bool choose_sparse_slabs(BlockKind kind);
bool release_chosen_slabs(BlockKind kind);

// Moves blocks of one kind, which are in slabs that are being emptied, to others that have room.
class SlabMover final : public Mover {
 public:
  explicit SlabMover(BlockKind kind) : kind_(kind) {}

  bool wants(const void* block) const override;
  void* move(Owner owner, void* block, std::size_t bytes) override;
  void* move_aligned(Owner owner, void* block, std::size_t bytes, std::size_t alignment) override;

 private:
  BlockKind kind_;
};

}  // namespace larder::memory
