// The global operator new and delete: allocations that do not use heap.h are charged to
// Owner::runtime, so that the ledger has every byte of C++ code.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "larder/memory/heap.h"
#include "larder/memory/ledger.h"
#include "larder/memory/reserve.h"
#include "linked.h"

#ifdef LARDER_SYSTEM_MALLOC
#include <malloc.h>
#else
#include <jemalloc/jemalloc.h>

#endif

namespace larder::memory {

void link_operator_new() {}

namespace {

#ifdef LARDER_SYSTEM_MALLOC

void* take(std::size_t bytes, std::size_t alignment) {
  if (alignment <= alignof(std::max_align_t)) return std::malloc(bytes);
  return std::aligned_alloc(alignment, (bytes + alignment - 1) & ~(alignment - 1));
}
// Here the charged size of `bytes` is known only from the block.
std::size_t size_taken(void* block, std::size_t, std::size_t) { return malloc_usable_size(block); }
std::size_t size_of(void* block) { return malloc_usable_size(block); }
void give_back(void* block) { std::free(block); }

#else

void* take(std::size_t bytes, std::size_t alignment) {
  return mallocx(bytes, alignment <= alignof(std::max_align_t) ? 0 : MALLOCX_ALIGN(alignment));
}
// Computed where possible: getting a block's size from jemalloc is a look-up in its index.
std::size_t size_taken(void* block, std::size_t bytes, std::size_t alignment) {
  return alignment <= alignof(std::max_align_t) ? size_class(bytes) : sallocx(block, 0);
}
std::size_t size_of(void* block) { return sallocx(block, 0); }
void give_back(void* block) { dallocx(block, 0); }

#endif

void* allocate_or_null(std::size_t bytes, std::size_t alignment) {
  bytes = std::max<std::size_t>(bytes, 1);
  if (bytes > PTRDIFF_MAX) return nullptr;
  void* block = take(bytes, alignment);
  if (block != nullptr) {
    charge(Owner::runtime, static_cast<std::int64_t>(size_taken(block, bytes, alignment)));
  }
  return block;
}

void* allocate_or_throw(std::size_t bytes, std::size_t alignment) {
  for (;;) {
    if (void* block = allocate_or_null(bytes, alignment)) return block;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr && bytes > PTRDIFF_MAX) throw std::bad_alloc();
    if (handler == nullptr && give_back_reserve()) continue;
    if (handler == nullptr) exhausted(Owner::runtime, bytes);
    handler();
  }
}

void release_charged(void* block) noexcept {
  if (block == nullptr) return;
  charge(Owner::runtime, -static_cast<std::int64_t>(size_of(block)));
  give_back(block);
}

#ifdef LARDER_SYSTEM_MALLOC
void release_sized(void* block, std::size_t) noexcept { release_charged(block); }
#else
void release_sized(void* block, std::size_t bytes) noexcept {
  if (block != nullptr) release(Owner::runtime, block, std::max<std::size_t>(bytes, 1));
}
#endif

constexpr std::size_t kPlain = alignof(std::max_align_t);

}  // namespace

}  // namespace larder::memory

using larder::memory::allocate_or_null;
using larder::memory::allocate_or_throw;
using larder::memory::kPlain;
using larder::memory::release_charged;
using larder::memory::release_sized;

void* operator new(std::size_t n) { return allocate_or_throw(n, kPlain); }
void* operator new[](std::size_t n) { return allocate_or_throw(n, kPlain); }
void* operator new(std::size_t n, const std::nothrow_t&) noexcept {
  return allocate_or_null(n, kPlain);
}
void* operator new[](std::size_t n, const std::nothrow_t&) noexcept {
  return allocate_or_null(n, kPlain);
}
void* operator new(std::size_t n, std::align_val_t a) {
  return allocate_or_throw(n, static_cast<std::size_t>(a));
}
void* operator new[](std::size_t n, std::align_val_t a) {
  return allocate_or_throw(n, static_cast<std::size_t>(a));
}
void* operator new(std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
  return allocate_or_null(n, static_cast<std::size_t>(a));
}
void* operator new[](std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
  return allocate_or_null(n, static_cast<std::size_t>(a));
}

void operator delete(void* p) noexcept { release_charged(p); }
void operator delete[](void* p) noexcept { release_charged(p); }
void operator delete(void* p, std::size_t n) noexcept { release_sized(p, n); }
void operator delete[](void* p, std::size_t n) noexcept { release_sized(p, n); }
void operator delete(void* p, const std::nothrow_t&) noexcept { release_charged(p); }
void operator delete[](void* p, const std::nothrow_t&) noexcept { release_charged(p); }
void operator delete(void* p, std::align_val_t) noexcept { release_charged(p); }
void operator delete[](void* p, std::align_val_t) noexcept { release_charged(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { release_charged(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { release_charged(p); }
void operator delete(void* p, std::align_val_t, const std::nothrow_t&) noexcept {
  release_charged(p);
}
void operator delete[](void* p, std::align_val_t, const std::nothrow_t&) noexcept {
  release_charged(p);
}
