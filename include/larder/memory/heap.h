#pragma once

// Allocation with an owner. Bytes are charged at the size that the allocator really uses, and
// released by size, so the ledger is exact without a header on any block. Blocks of the dataset
// come from the page store, if the server is built with it (data_blocks.h), all others from
// jemalloc.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <utility>

#include "larder/memory/data_class.h"
#include "larder/memory/ledger.h"

namespace larder::memory {

#ifdef LARDER_DATA_PAGES
inline constexpr bool kHasPageStore = true;
#else
inline constexpr bool kHasPageStore = false;
#endif

// The real size of a block of `bytes` from jemalloc: its size class. bytes > 0. Classes are 8,
// multiples of 16 up to 128, then four for each doubling.
constexpr std::size_t size_class(std::size_t bytes) {
  if (bytes <= 8) return 8;
  if (bytes <= 128) return (bytes + 15) & ~std::size_t{15};
  const unsigned doubling = static_cast<unsigned>(std::bit_width(bytes - 1)) - 1;
  const std::size_t step = std::size_t{1} << (doubling - 2);
  return (bytes + step - 1) & ~(step - 1);
}

// The real size of a block of the dataset: its class in the page store, if there is one.
constexpr std::size_t dataset_class(std::size_t bytes) {
  return kHasPageStore ? data_class(bytes) : size_class(bytes);
}
constexpr std::size_t size_class(Owner owner, std::size_t bytes) {
  return is_dataset(owner) ? dataset_class(bytes) : size_class(bytes);
}

// A block of size_class(owner, bytes), all of which may be used, aligned to 16 (to 8 below 16
// bytes, and for the dataset); its contents are not set. Only the thread that allocated the first
// block of the dataset may allocate, resize and release such blocks. Ends the process when the
// system has no memory left (on_exhaustion). Give it back with release() and any size of the same
// size class.
void* allocate(Owner owner, std::size_t bytes);
// The same, but null when the system has no memory left. Counts in refusals().
void* try_allocate(Owner owner, std::size_t bytes);
void release(Owner owner, void* block, std::size_t bytes) noexcept;

// The same for the blocks of entries, which the page store keeps apart from all others, because it
// can ask for them to be moved (sparse_slabs.h).
void* allocate_entry(Owner owner, std::size_t bytes);
void release_entry(Owner owner, void* block, std::size_t bytes) noexcept;

// Whether the system can provide a block of `bytes` now. Cost: an allocation and a release of
// untouched pages. Use it for blocks of a megabyte and more, while the command can still be
// refused. Counts in refusals() if not.
bool can_allocate(std::size_t bytes);

// How often the system refused a block that the server could do without, and the size of the last
// one.
struct Refusals {
  std::uint64_t count = 0;
  std::size_t last_bytes = 0;
};
Refusals refusals();

// Called when the system has no memory left: reports the size, the command and the client, and ends
// the process. Without a handler, or when it returns, an assertion fails. It must not allocate.
using ExhaustionHandler = void (*)(Owner owner, std::size_t bytes);
void on_exhaustion(ExhaustionHandler handler);
// Calls the handler. For code that allocates by other means.
[[noreturn]] void exhausted(Owner owner, std::size_t bytes);

// The same with an alignment, a power of two above 16 and at most 4096. size_class applies
// to `bytes` rounded up to a multiple of the alignment. Blocks of the dataset may only have
// sizes whose class in the page store is a multiple of the alignment: whole cache lines up to 1088
// bytes have.
void* allocate_aligned(Owner owner, std::size_t bytes, std::size_t alignment);
void release_aligned(Owner owner, void* block, std::size_t bytes, std::size_t alignment) noexcept;

// Grows or shrinks a block, in place if the allocator can; otherwise the contents are copied.
void* reallocate(Owner owner, void* block, std::size_t old_bytes, std::size_t new_bytes);
// The same, but null, and the block unchanged, when the system has no memory left. Counts in
// refusals().
void* try_reallocate(Owner owner, void* block, std::size_t old_bytes, std::size_t new_bytes);

// The same, but only in place: false, and unchanged, if the block would have to move.
bool resize_in_place(Owner owner, void* block, std::size_t old_bytes, std::size_t new_bytes);

// For containers of the standard library: charges `owner` for what they hold.
template <typename T, Owner kOwner>
struct Allocator {
  using value_type = T;
  template <typename U>
  struct rebind {  // NOLINT(readability-identifier-naming): the standard's name
    using other = Allocator<U, kOwner>;
  };

  Allocator() = default;
  template <typename U>
  Allocator(const Allocator<U, kOwner>&) noexcept {}

  T* allocate(std::size_t n) { return static_cast<T*>(memory::allocate(kOwner, n * sizeof(T))); }
  void deallocate(T* block, std::size_t n) noexcept {
    memory::release(kOwner, block, n * sizeof(T));
  }
  friend bool operator==(const Allocator&, const Allocator&) { return true; }
};

// One object charged to an owner, with its pair.
template <typename T, typename... Args>
T* make(Owner owner, Args&&... args) {
  return new (allocate(owner, sizeof(T))) T(std::forward<Args>(args)...);
}
template <typename T>
void destroy(Owner owner, T* object) noexcept {
  object->~T();
  release(owner, object, sizeof(T));
}

}  // namespace larder::memory
