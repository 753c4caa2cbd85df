#include "larder/memory/heap.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "data_blocks.h"
#include "larder/base/assert.h"
#include "larder/memory/page_use.h"
#include "larder/memory/pages.h"
#include "larder/memory/refusals.h"
#include "larder/memory/reserve.h"

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
void release_block_aligned(void* block, std::size_t, std::size_t) { std::free(block); }
void* resize(void* block, std::size_t bytes) { return std::realloc(block, size_class(bytes)); }
bool fits_in_place(void*, std::size_t) { return false; }

#else

// Takes fewer instructions than mallocx() without flags, which returns the same blocks.
void* take(std::size_t bytes) { return std::malloc(bytes); }
void give_back(void* block, std::size_t bytes) { sdallocx(block, bytes, 0); }
void* take_aligned(std::size_t bytes, std::size_t alignment) {
  return mallocx(bytes, MALLOCX_ALIGN(alignment));
}
void release_block_aligned(void* block, std::size_t bytes, std::size_t alignment) {
  sdallocx(block, bytes, MALLOCX_ALIGN(alignment));
}
void* resize(void* block, std::size_t bytes) { return rallocx(block, bytes, 0); }
bool fits_in_place(void* block, std::size_t bytes) {
  return xallocx(block, bytes, 0, 0) == size_class(bytes);
}

#endif

// Blocks of the dataset come from the page store, if there is one.

[[maybe_unused]] BlockKind kind_of(Owner owner) {
  const bool is_table = owner == Owner::table || owner == Owner::expires;
  return is_table ? BlockKind::table : BlockKind::value;
}

void* take(Owner owner, std::size_t bytes) {
  if constexpr (kHasPageStore) {
    if (is_dataset(owner)) return data_blocks::take(kind_of(owner), bytes);
  }
  return take(bytes);
}

void give_back(Owner owner, void* block, std::size_t bytes) {
  if constexpr (kHasPageStore) {
    if (is_dataset(owner)) return data_blocks::give_back(kind_of(owner), block, bytes);
  }
  give_back(block, bytes);
}

void* take_entry(std::size_t bytes) {
  if constexpr (kHasPageStore) {
    return data_blocks::take(BlockKind::entry, bytes);
  } else {
    return take(bytes);
  }
}

void give_back_entry(void* block, std::size_t bytes) {
  if constexpr (kHasPageStore) {
    data_blocks::give_back(BlockKind::entry, block, bytes);
  } else {
    give_back(block, bytes);
  }
}

bool fits_in_place(Owner owner, void* block, std::size_t old_bytes, std::size_t new_bytes) {
  if constexpr (kHasPageStore) {
    if (is_dataset(owner)) return data_blocks::resize_in_place(block, old_bytes, new_bytes);
  }
  return fits_in_place(block, new_bytes);
}

// jemalloc keeps the pages of a released block for a second. A server that has used up its limit of
// pages has no room for them: those of large blocks are returned at once, as far as it takes less
// than a millisecond.
bool returns_pages(Owner owner, std::size_t bytes) {
  constexpr std::size_t kLeast = 1 << 20;
  constexpr std::size_t kMost = 32 << 20;
  constexpr std::uint64_t kTimes = 4;
  if (__builtin_expect(bytes < kLeast, 1)) return false;
  return kHasPageStore && bytes <= kMost && !is_dataset(owner) &&
         spare_page_bytes() < kTimes * bytes;
}

void return_pages(void* block, std::size_t bytes) {
  const auto begin = reinterpret_cast<std::uintptr_t>(block);
  discard_pages(begin, begin + bytes);
}

// A large block moves without leaving its pages behind.
void* move_large(Owner owner, void* block, std::size_t old_bytes, std::size_t new_bytes) {
  if (fits_in_place(owner, block, old_bytes, new_bytes)) return block;
  void* const moved = take(owner, new_bytes);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, block, std::min(old_bytes, new_bytes));
  return_pages(block, old_bytes);
  give_back(owner, block, old_bytes);
  return moved;
}

void* resize(Owner owner, void* block, std::size_t old_bytes, std::size_t new_bytes) {
  if (returns_pages(owner, old_bytes)) return move_large(owner, block, old_bytes, new_bytes);
  if constexpr (kHasPageStore) {
    if (is_dataset(owner)) {
      return data_blocks::reallocate(kind_of(owner), block, old_bytes, new_bytes);
    }
  }
  return resize(block, new_bytes);
}

void* take_aligned(Owner owner, std::size_t bytes, std::size_t alignment) {
  if constexpr (kHasPageStore) {
    if (is_dataset(owner)) {
      // Then all slots of the class are aligned.
      LARDER_ASSERT(data_class(bytes) % alignment == 0);
      return data_blocks::take(kind_of(owner), bytes);
    }
  }
  return take_aligned(bytes, alignment);
}

void release_block_aligned(Owner owner, void* block, std::size_t bytes, std::size_t alignment) {
  if constexpr (kHasPageStore) {
    if (is_dataset(owner)) return data_blocks::give_back(kind_of(owner), block, bytes);
  }
  release_block_aligned(block, bytes, alignment);
}

bool can_take(std::size_t bytes) {
  if constexpr (kHasPageStore) return data_blocks::can_take(bytes);
  void* const block = take(bytes);
  if (block == nullptr) return false;
  give_back(block, bytes);
  return true;
}

std::int64_t charged(Owner owner, std::size_t bytes) {
  return static_cast<std::int64_t>(size_class(owner, bytes));
}

std::size_t round_up(std::size_t bytes, std::size_t alignment) {
  return (bytes + alignment - 1) & ~(alignment - 1);
}

std::atomic<ExhaustionHandler>& exhaustion_handler() {
  static constinit std::atomic<ExhaustionHandler> handler{nullptr};
  return handler;
}

std::atomic<std::uint64_t> refused_count{0};
std::atomic<std::size_t> refused_bytes{0};
std::atomic<std::size_t> refused_from{std::numeric_limits<std::size_t>::max()};

std::atomic<void*> reserve{nullptr};

bool is_refused(std::size_t bytes) { return bytes >= refused_from.load(std::memory_order_relaxed); }

void note_refusal(std::size_t bytes) {
  refused_bytes.store(bytes, std::memory_order_relaxed);
  refused_count.fetch_add(1, std::memory_order_relaxed);
}

// For a block that the system has refused: what take_again() returns without the reserve, which is
// not null.
template <typename Take>
[[gnu::noinline]] void* take_from_reserve(Owner owner, std::size_t bytes, Take take_again) {
  note_refusal(bytes);
  void* const block = give_back_reserve() ? take_again() : nullptr;
  if (block == nullptr) exhausted(owner, bytes);
  return block;
}

// The allocator may have as much although the system does not, because it keeps the addresses of
// what was released. Blocks that are still in use lie between them.
bool allocator_has_reserve() {
  std::array<void*, 8> blocks;
  constexpr std::size_t kBytes = kReserveBytes / std::tuple_size_v<decltype(blocks)>;
  std::size_t taken = 0;
  while (taken < blocks.size() && (blocks[taken] = take(kBytes)) != nullptr) ++taken;
  for (std::size_t i = 0; i < taken; ++i) give_back(blocks[i], kBytes);
  return taken == blocks.size();
}

}  // namespace

void refuse_blocks_from(std::size_t bytes) { refused_from = bytes; }

Refusals refusals() {
  return {refused_count.load(std::memory_order_relaxed),
          refused_bytes.load(std::memory_order_relaxed)};
}

void on_exhaustion(ExhaustionHandler handler) { exhaustion_handler() = handler; }

void exhausted(Owner owner, std::size_t bytes) {
  if (const ExhaustionHandler handler = exhaustion_handler().load()) handler(owner, bytes);
  base::assertion_failed("the system has memory left", __FILE__, __LINE__);
}

bool can_allocate(std::size_t bytes) {
  if (!is_refused(bytes) && can_take(bytes)) return true;
  return note_refusal(bytes), false;
}

bool has_reserve() { return reserve.load(std::memory_order_relaxed) != nullptr; }

bool keep_reserve() {
  if (has_reserve()) return true;
  if (is_refused(kReserveBytes)) return false;
  void* const pages =
      ::mmap(nullptr, kReserveBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return allocator_has_reserve();
  reserve.store(pages, std::memory_order_relaxed);
  return true;
}

bool give_back_reserve() {
  void* const pages = reserve.exchange(nullptr, std::memory_order_relaxed);
  return pages != nullptr && ::munmap(pages, kReserveBytes) == 0;
}

void* allocate(Owner owner, std::size_t bytes) {
  void* block = take(owner, bytes);
  if (__builtin_expect(block == nullptr, 0)) {
    block = take_from_reserve(owner, bytes, [owner, bytes] { return take(owner, bytes); });
  }
  charge(owner, charged(owner, bytes));
  return block;
}

void* try_allocate(Owner owner, std::size_t bytes) {
  void* const block = is_refused(bytes) ? nullptr : take(owner, bytes);
  if (__builtin_expect(block == nullptr, 0)) return note_refusal(bytes), nullptr;
  charge(owner, charged(owner, bytes));
  return block;
}

void release(Owner owner, void* block, std::size_t bytes) noexcept {
  charge(owner, -charged(owner, bytes));
  if (returns_pages(owner, bytes)) return_pages(block, bytes);
  give_back(owner, block, bytes);
}

std::size_t keepable_bytes() {
  if constexpr (kHasPageStore) return data_blocks::keepable_pages() * kPageBytes;
  return 0;
}

void release_discarded(Owner owner, void* block, std::size_t bytes,
                       std::size_t discarded) noexcept {
  if constexpr (kHasPageStore) {
    charge(owner, -charged(owner, bytes));
    data_blocks::give_back_discarded(block, bytes, discarded);
  } else {
    release(owner, block, bytes);
  }
}

void* allocate_entry(Owner owner, std::size_t bytes) {
  void* block = take_entry(bytes);
  if (__builtin_expect(block == nullptr, 0)) {
    block = take_from_reserve(owner, bytes, [bytes] { return take_entry(bytes); });
  }
  charge(owner, charged(owner, bytes));
  return block;
}

void release_entry(Owner owner, void* block, std::size_t bytes) noexcept {
  charge(owner, -charged(owner, bytes));
  give_back_entry(block, bytes);
}

void* allocate_aligned(Owner owner, std::size_t bytes, std::size_t alignment) {
  const std::size_t whole = round_up(bytes, alignment);
  void* block = take_aligned(owner, whole, alignment);
  if (__builtin_expect(block == nullptr, 0)) {
    block = take_from_reserve(
        owner, whole, [owner, whole, alignment] { return take_aligned(owner, whole, alignment); });
  }
  charge(owner, charged(owner, whole));
  return block;
}

void release_aligned(Owner owner, void* block, std::size_t bytes, std::size_t alignment) noexcept {
  const std::size_t whole = round_up(bytes, alignment);
  charge(owner, -charged(owner, whole));
  release_block_aligned(owner, block, whole, alignment);
}

bool resize_in_place(Owner owner, void* block, std::size_t old_bytes, std::size_t new_bytes) {
  if (!fits_in_place(owner, block, old_bytes, new_bytes)) return false;
  charge(owner, charged(owner, new_bytes) - charged(owner, old_bytes));
  return true;
}

void* try_reallocate(Owner owner, void* block, std::size_t old_bytes, std::size_t new_bytes) {
  void* const moved = is_refused(new_bytes) ? nullptr : resize(owner, block, old_bytes, new_bytes);
  if (__builtin_expect(moved == nullptr, 0)) return note_refusal(new_bytes), nullptr;
  charge(owner, charged(owner, new_bytes) - charged(owner, old_bytes));
  return moved;
}

void* reallocate(Owner owner, void* block, std::size_t old_bytes, std::size_t new_bytes) {
  const auto try_to = [=] { return resize(owner, block, old_bytes, new_bytes); };
  void* moved = try_to();
  if (__builtin_expect(moved == nullptr, 0)) moved = take_from_reserve(owner, new_bytes, try_to);
  charge(owner, charged(owner, new_bytes) - charged(owner, old_bytes));
  return moved;
}

}  // namespace larder::memory
