#ifdef LARDER_DATA_PAGES

#include "data_blocks.h"

#include <jemalloc/jemalloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "larder/base/assert.h"
#include "larder/memory/heap.h"
#include "larder/memory/ledger.h"
#include "larder/memory/pages.h"
#include "store/data_store.h"

namespace larder::memory::data_blocks {

namespace {

// Free runs keep their addresses, so more addresses are reserved than there is memory.
std::size_t bytes_to_reserve() {
  if (sysconf(_SC_PAGESIZE) != static_cast<long>(kPageBytes)) return 0;
  const std::size_t wanted = 4 * system_memory_bytes();
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return wanted;
  // The other half is left for everything else.
  return std::min<std::size_t>(wanted, limit.rlim_cur / 2 & ~(kPageBytes - 1));
}

struct Blocks {
  DataStore store{bytes_to_reserve()};
  // The thread that may use it.
  const detail::ThreadCharges* thread = detail::t_charges;
  std::uint64_t jemalloc_bytes = 0;
  std::uint64_t jemalloc_slack = 0;
};

// The number of slabs that one step chooses for emptying, or releases.
constexpr std::size_t kSlabsAtOnce = 256;
// The number of runs that one step of a walk visits, at some 10 ns each.
constexpr std::size_t kRunsAtOnce = 2048;

constinit Blocks* g_blocks = nullptr;

[[gnu::noinline]] void open() {
  detail::thread_charges();
  g_blocks = new Blocks;
}

Blocks& blocks() {
  if (__builtin_expect(g_blocks == nullptr, 0)) open();
  LARDER_ASSERT(g_blocks->thread == detail::t_charges);
  return *g_blocks;
}

void count_jemalloc(Blocks& in, std::size_t bytes, std::uint64_t sign) {
  in.jemalloc_bytes += sign * bytes;
  in.jemalloc_slack += sign * (size_class(bytes) - bytes);
}

[[gnu::noinline]] void* take_from_jemalloc(std::size_t bytes) {
  void* const block = mallocx(bytes, 0);
  if (block != nullptr) count_jemalloc(*g_blocks, bytes, 1);
  return block;
}

[[gnu::noinline]] void give_back_to_jemalloc(void* block, std::size_t bytes) {
  count_jemalloc(*g_blocks, bytes, ~std::uint64_t{0});
  sdallocx(block, bytes, 0);
}

Counts of(const DataStore::Counts& store) {
  return {.block_bytes = store.block_bytes + g_blocks->jemalloc_bytes,
          .live_pages = store.live_pages,
          .dirty_pages = store.dirty_pages,
          .clean_pages = store.clean_pages,
          .table_bytes = store.table_bytes,
          .jemalloc_bytes = g_blocks->jemalloc_bytes,
          .jemalloc_slack = g_blocks->jemalloc_slack};
}

}  // namespace

void* take(BlockKind kind, std::size_t bytes) {
  void* const block = blocks().store.allocate(kind, bytes);
  return __builtin_expect(block != nullptr, 1) ? block : take_from_jemalloc(data_class(bytes));
}

void give_back(BlockKind kind, void* block, std::size_t bytes) {
  DataStore& store = blocks().store;
  if (__builtin_expect(store.contains(block), 1)) return store.release(kind, block, bytes);
  give_back_to_jemalloc(block, data_class(bytes));
}

void give_back_discarded(void* block, std::size_t bytes, std::size_t discarded) {
  DataStore& store = blocks().store;
  if (store.contains(block)) return store.release_discarded(block, discarded);
  give_back_to_jemalloc(block, data_class(bytes));
}

std::size_t keepable_pages() { return blocks().store.pages().keepable_pages(); }

bool resize_in_place(void* block, std::size_t old_bytes, std::size_t new_bytes) {
  if (data_class(old_bytes) == data_class(new_bytes)) return true;
  DataStore& store = blocks().store;
  return store.contains(block) && store.resize_in_place(block, old_bytes, new_bytes);
}

void* reallocate(BlockKind kind, void* block, std::size_t old_bytes, std::size_t new_bytes) {
  if (resize_in_place(block, old_bytes, new_bytes)) return block;
  void* const moved = take(kind, new_bytes);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, block, std::min(data_class(old_bytes), data_class(new_bytes)));
  give_back(kind, block, old_bytes);
  return moved;
}

bool can_take(std::size_t bytes) {
  if (blocks().store.can_allocate(bytes)) return true;
  void* const block = mallocx(bytes, 0);
  if (block != nullptr) sdallocx(block, bytes, 0);
  return block != nullptr;
}

Counts counts() { return g_blocks == nullptr ? Counts{} : of(g_blocks->store.counts()); }

Counts walk() { return g_blocks == nullptr ? Counts{} : of(g_blocks->store.walk()); }

void begin_walk() { blocks().store.begin_walk(); }

bool walk_some() { return blocks().store.walk_some(kRunsAtOnce); }

Counts walked() { return of(blocks().store.walked()); }

PageUse page_use() {
  if (g_blocks == nullptr) return {};
  const DataStore::Counts counts = g_blocks->store.counts();
  PageUse use{.live_bytes = counts.live_pages * kPageBytes, .block_bytes = counts.block_bytes};
  for (std::size_t i = 0; i < kBlockKinds; ++i) {
    const auto kind = static_cast<BlockKind>(i);
    use.recoverable_bytes[i] = g_blocks->store.recoverable_pages(kind) * kPageBytes;
  }
  return use;
}

std::uint64_t wasted_bytes() { return g_blocks == nullptr ? 0 : g_blocks->store.wasted_bytes(); }

void set_spare_bytes(std::uint64_t bytes) {
  if (g_blocks != nullptr) g_blocks->store.set_spare_pages(bytes / kPageBytes);
}

std::size_t show_entries(std::span<void*> blocks) {
  return g_blocks == nullptr ? 0 : g_blocks->store.show_entries(blocks);
}

bool choose_sparse_slabs(BlockKind kind) { return blocks().store.mark_some(kind, kSlabsAtOnce); }

bool release_chosen_slabs(BlockKind kind) { return blocks().store.unmark_some(kind, kSlabsAtOnce); }

bool is_emptying(const void* block) { return blocks().store.is_emptying(block); }

void* move(BlockKind kind, void* block, std::size_t bytes) {
  return blocks().store.move(kind, block, bytes);
}

void purge() {
  if (g_blocks != nullptr) g_blocks->store.purge();
}

std::size_t purge_some(std::size_t most) {
  return g_blocks == nullptr ? 0 : g_blocks->store.purge_some(most);
}

void age() {
  if (g_blocks != nullptr) g_blocks->store.age();
}

}  // namespace larder::memory::data_blocks

#endif
