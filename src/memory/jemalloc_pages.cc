#ifndef LARDER_SYSTEM_MALLOC

#include <jemalloc/jemalloc.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <limits>

#include "data_blocks.h"
#include "larder/memory/heap.h"
#include "larder/memory/pages.h"

namespace larder::memory {

namespace {

// Where jemalloc takes an arena's number, this one means all of them.
static_assert(MALLCTL_ARENAS_ALL == 4096);
constexpr const char* kPurgeAll = "arena.4096.purge";
constexpr const char* kDecayAll = "arena.4096.decay";
// jemalloc's own threshold.
constexpr std::size_t kEagerBytes = 8 << 20;

std::uint64_t figure(const char* name) {
  std::size_t value = 0;
  std::size_t size = sizeof value;
  return mallctl(name, &value, &size, nullptr, 0) == 0 ? value : 0;
}

// jemalloc's statistics do not change until the epoch is advanced.
void refresh_statistics() {
  std::uint64_t epoch = 1;
  std::size_t size = sizeof epoch;
  mallctl("epoch", &epoch, &size, &epoch, size);
}

base::Error failure(int code) { return base::Error{std::strerror(code)}; }

// Controls have 8, 4 or 1 bytes, and jemalloc refuses a wrong size.
template <typename Try>
int try_each_size(Try attempt) {
  int code = EINVAL;
  for (std::size_t size = sizeof(std::int64_t); size > 0 && code == EINVAL; size /= 2) {
    code = attempt(size);
  }
  return code;
}

// jemalloc does not report which controls are texts. A number must not be used as a pointer to a
// text; such a number is not an address in a page of the process.
bool is_text(const char* pointer) {
  constexpr std::uintptr_t kPage = 4096;
  char* page = const_cast<char*>(pointer) - reinterpret_cast<std::uintptr_t>(pointer) % kPage;
  unsigned char resident = 0;
  return mincore(page, kPage, &resident) == 0;
}

void append(void* report, const char* text) { static_cast<std::string*>(report)->append(text); }

// The blocks that the store takes from jemalloc are counted at the store's classes.
[[maybe_unused]] void add_data(Pages& pages) {
  const data_blocks::Counts data = data_blocks::counts();
  pages.allocated += data.block_bytes - data.jemalloc_bytes - data.jemalloc_slack;
  pages.active += data.live_pages * kPageBytes;
  pages.dirty_data = data.dirty_pages * kPageBytes;
  pages.metadata += data.table_bytes;
  pages.resident += data.live_pages * kPageBytes + pages.dirty_data + data.table_bytes;
  pages.retained += data.clean_pages * kPageBytes;
  pages.mapped += (data.live_pages + data.dirty_pages) * kPageBytes + data.table_bytes;
}

}  // namespace

Pages read_pages() {
  refresh_statistics();
  Pages pages{.allocated = figure("stats.allocated"),
              .active = figure("stats.active"),
              .resident = figure("stats.resident"),
              .mapped = figure("stats.mapped"),
              .metadata = figure("stats.metadata"),
              .retained = figure("stats.retained")};
  if constexpr (kHasPageStore) add_data(pages);
  return pages;
}

void age_data_pages() {
  if constexpr (kHasPageStore) data_blocks::age();
}

std::string allocator_name() {
  const std::string store = kHasPageStore ? "+pages" : "";
  const auto version = read_text_control("version");
  if (!version) return "jemalloc" + store;
  return "jemalloc-" + version.value().substr(0, version.value().find('-')) + store;
}

std::uint64_t purge_some_data_pages() {
  // Half a microsecond for each page that is not beside another one.
  constexpr std::size_t kPagesAtOnce = 512;
  if constexpr (kHasPageStore) return data_blocks::purge_some(kPagesAtOnce) * kPageBytes;
  return 0;
}

base::Result<void> purge() {
  if constexpr (kHasPageStore) data_blocks::purge();
  return purge_beside_data();
}

base::Result<void> purge_beside_data() {
  flush_thread_cache();
  const int code = mallctl(kPurgeAll, nullptr, nullptr, nullptr, 0);
  if (code != 0) return failure(code);
  return {};
}

void decay() { mallctl(kDecayAll, nullptr, nullptr, nullptr, 0); }

base::Result<void> set_page_return(PageReturn by) {
  bool wanted = by == PageReturn::by_thread;
  const int code = mallctl("background_thread", nullptr, nullptr, &wanted, sizeof wanted);
  if (code != 0) return failure(code);
  // Otherwise free runs of pages from 8 MB on, in any case, are returned by the call
  // that frees, at a tenth of a microsecond a page.
  std::size_t eager = wanted ? std::numeric_limits<std::int64_t>::max() : kEagerBytes;
  mallctl("arena.0.oversize_threshold", nullptr, nullptr, &eager, sizeof eager);
  return {};
}

PageReturn page_return() {
  bool on = false;
  std::size_t size = sizeof on;
  mallctl("background_thread", &on, &size, nullptr, 0);
  return on ? PageReturn::by_thread : PageReturn::by_caller;
}

void flush_thread_cache() { mallctl("thread.tcache.flush", nullptr, nullptr, nullptr, 0); }

std::string allocator_report() {
  std::string report;
  malloc_stats_print(append, &report, nullptr);
  return report;
}

base::Result<std::int64_t> read_control(const std::string& name) {
  std::int64_t value = 0;
  const int code = try_each_size(
      [&](std::size_t size) { return mallctl(name.c_str(), &value, &size, nullptr, 0); });
  if (code != 0) return failure(code);
  return value;
}

base::Result<std::optional<std::int64_t>> write_control(const std::string& name,
                                                        std::int64_t value) {
  std::int64_t old = 0;
  int code = try_each_size([&](std::size_t size) {
    std::size_t old_size = size;
    return mallctl(name.c_str(), &old, &old_size, &value, size);
  });
  if (code == 0) return std::optional(old);
  if (code == EPERM) {
    code = try_each_size(
        [&](std::size_t size) { return mallctl(name.c_str(), nullptr, nullptr, &value, size); });
  }
  if (code != 0) return failure(code);
  return std::optional<std::int64_t>();
}

base::Result<std::string> read_text_control(const std::string& name) {
  const char* text = nullptr;
  std::size_t size = sizeof text;
  const int code = mallctl(name.c_str(), &text, &size, nullptr, 0);
  if (code != 0) return failure(code);
  if (!is_text(text)) return failure(EINVAL);
  return std::string(text);
}

base::Result<std::optional<std::string>> write_text_control(const std::string& name,
                                                            const std::string& value) {
  const char* old = nullptr;
  std::size_t size = sizeof old;
  const char* text = value.c_str();
  int code = mallctl(name.c_str(), &old, &size, &text, sizeof text);
  if (code == 0) return is_text(old) ? std::optional<std::string>(old) : std::nullopt;
  if (code == EPERM) code = mallctl(name.c_str(), nullptr, nullptr, &text, sizeof text);
  if (code != 0) return failure(code);
  return std::optional<std::string>();
}

}  // namespace larder::memory

#endif
