#pragma once

// Allocates the parts of one large value: charges an owner, and counts the value's bytes, so that
// its footprint needs no walk.

#include <cstddef>

#include "larder/memory/heap.h"

namespace larder::types {

class Tally {
 public:
  // `bytes` is the value's own figure, at the allocator's sizes.
  Tally(memory::Owner owner, std::size_t& bytes) : owner_(owner), bytes_(bytes) {}

  memory::Owner owner() const { return owner_; }

  void* allocate(std::size_t size) {
    bytes_ += memory::size_class(owner_, size);
    return memory::allocate(owner_, size);
  }
  void release(void* block, std::size_t size) noexcept {
    bytes_ -= memory::size_class(owner_, size);
    memory::release(owner_, block, size);
  }
  void* reallocate(void* block, std::size_t old_size, std::size_t size) {
    bytes_ += memory::size_class(owner_, size) - memory::size_class(owner_, old_size);
    return memory::reallocate(owner_, block, old_size, size);
  }

  // A part has changed its size by another way.
  void note(std::size_t before, std::size_t now) { bytes_ += now - before; }

 private:
  memory::Owner owner_;
  std::size_t& bytes_;
};

}  // namespace larder::types
