#pragma once

// Moving blocks out of slabs that are being emptied. A walk over the blocks of a value
// (types::TypeRow::relocate_some) offers each block to a Mover, and stores the new address.

#include <cstddef>

#include "larder/memory/ledger.h"

namespace larder::memory {

class Mover {
 public:
  // Whether the block should move. Does not read the block, so a walk has no cache miss for a block
  // that stays.
  virtual bool wants(const void* block) const = 0;

  // Copies the contents to another block of the same size class and releases this one, which had
  // been allocated with `bytes`. Returns the new address; null if the block stays, for example
  // because there is no room. The charge to the owner does not change.
  virtual void* move(Owner owner, void* block, std::size_t bytes) = 0;
  // The same for a block of allocate_aligned().
  virtual void* move_aligned(Owner owner, void* block, std::size_t bytes,
                             std::size_t alignment) = 0;

 protected:
  ~Mover() = default;
};

// Moves the block, if the mover wants it, and updates the pointer to it; true if it has moved.
template <typename T>
bool offer(Mover& mover, Owner owner, T*& block, std::size_t bytes) {
  if (!mover.wants(block)) return false;
  void* const moved = mover.move(owner, block, bytes);
  if (moved == nullptr) return false;
  block = static_cast<T*>(moved);
  return true;
}
template <typename T>
bool offer_aligned(Mover& mover, Owner owner, T*& block, std::size_t bytes, std::size_t alignment) {
  if (!mover.wants(block)) return false;
  void* const moved = mover.move_aligned(owner, block, bytes, alignment);
  if (moved == nullptr) return false;
  block = static_cast<T*>(moved);
  return true;
}

}  // namespace larder::memory
