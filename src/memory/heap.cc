#include "larder/memory/heap.h"

#include <cstdlib>

#include "larder/base/assert.h"

#ifndef LARDER_SYSTEM_MALLOC
#include <jemalloc/jemalloc.h>
#endif

namespace larder::memory {

namespace {

#ifdef LARDER_SYSTEM_MALLOC

// The whole size class, since callers may grow into it.
void* take(std::size_t bytes) { return std::malloc(size_class(bytes)); }
void give_back(void* block, std::size_t) { std::free(block); }
void* take_aligned(std::size_t bytes, std::size_t alignment) {
  return std::aligned_alloc(alignment, bytes);
}
void give_back_aligned(void* block, std::size_t, std::size_t) { std::free(block); }
void* resize(void* block, std::size_t bytes) { return std::realloc(block, size_class(bytes)); }

#else

void* take(std::size_t bytes) { return mallocx(bytes, 0); }
void give_back(void* block, std::size_t bytes) { sdallocx(block, bytes, 0); }
void* take_aligned(std::size_t bytes, std::size_t alignment) {
  return mallocx(bytes, MALLOCX_ALIGN(alignment));
}
void give_back_aligned(void* block, std::size_t bytes, std::size_t alignment) {
  sdallocx(block, bytes, MALLOCX_ALIGN(alignment));
}
void* resize(void* block, std::size_t bytes) { return rallocx(block, bytes, 0); }

#endif

std::int64_t charged(std::size_t bytes) { return static_cast<std::int64_t>(size_class(bytes)); }

std::size_t round_up(std::size_t bytes, std::size_t alignment) {
  return (bytes + alignment - 1) & ~(alignment - 1);
}

}  // namespace

void* allocate(Owner owner, std::size_t bytes) {
  void* block = take(bytes);
  LARDER_ASSERT(block != nullptr);
  charge(owner, charged(bytes));
  return block;
}

void release(Owner owner, void* block, std::size_t bytes) noexcept {
  charge(owner, -charged(bytes));
  give_back(block, bytes);
}

void* allocate_aligned(Owner owner, std::size_t bytes, std::size_t alignment) {
  const std::size_t whole = round_up(bytes, alignment);
  void* block = take_aligned(whole, alignment);
  LARDER_ASSERT(block != nullptr);
  charge(owner, charged(whole));
  return block;
}

void release_aligned(Owner owner, void* block, std::size_t bytes, std::size_t alignment) noexcept {
  const std::size_t whole = round_up(bytes, alignment);
  charge(owner, -charged(whole));
  give_back_aligned(block, whole, alignment);
}

void* reallocate(Owner owner, void* block, std::size_t old_bytes, std::size_t new_bytes) {
  void* moved = resize(block, new_bytes);
  LARDER_ASSERT(moved != nullptr);
  charge(owner, charged(new_bytes) - charged(old_bytes));
  return moved;
}

}  // namespace larder::memory
