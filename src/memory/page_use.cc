#include "larder/memory/page_use.h"

#include <atomic>

#include "data_blocks.h"
#include "larder/memory/heap.h"

namespace larder::memory {

namespace {

std::atomic<std::uint64_t> g_spare_bytes{kAnySparePages};

}  // namespace

PageUse page_use() {
  if constexpr (kHasPageStore) {
    return data_blocks::page_use();
  } else {
    return {};
  }
}

std::uint64_t wasted_page_bytes() {
  if constexpr (kHasPageStore) {
    return data_blocks::wasted_bytes();
  } else {
    return 0;
  }
}

void set_spare_page_bytes(std::uint64_t bytes) {
  g_spare_bytes.store(bytes, std::memory_order_relaxed);
  if constexpr (kHasPageStore) data_blocks::set_spare_bytes(bytes);
}

std::uint64_t spare_page_bytes() { return g_spare_bytes.load(std::memory_order_relaxed); }

}  // namespace larder::memory
