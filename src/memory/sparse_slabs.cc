#include "larder/memory/sparse_slabs.h"

#include "data_blocks.h"
#include "larder/memory/heap.h"

namespace larder::memory {

std::size_t show_sparse_entries([[maybe_unused]] std::span<void*> blocks) {
  if constexpr (kHasPageStore) {
    return data_blocks::show_entries(blocks);
  } else {
    return 0;
  }
}

bool choose_sparse_slabs([[maybe_unused]] BlockKind kind) {
  if constexpr (kHasPageStore) {
    return data_blocks::choose_sparse_slabs(kind);
  } else {
    return true;
  }
}

bool release_chosen_slabs([[maybe_unused]] BlockKind kind) {
  if constexpr (kHasPageStore) {
    return data_blocks::release_chosen_slabs(kind);
  } else {
    return true;
  }
}

bool SlabMover::wants(const void* block) const {
  if constexpr (kHasPageStore) {
    return data_blocks::is_emptying(block);
  } else {
    return false;
  }
}

void* SlabMover::move(Owner, void* block, std::size_t bytes) {
  if constexpr (kHasPageStore) {
    return data_blocks::move(kind_, block, bytes);
  } else {
    return nullptr;
  }
}

// All slots of a class are aligned like one of them.
void* SlabMover::move_aligned(Owner owner, void* block, std::size_t bytes, std::size_t alignment) {
  return move(owner, block, (bytes + alignment - 1) & ~(alignment - 1));
}

}  // namespace larder::memory
