// The allocator of the sanitized build has few statistics and no controls.

#ifdef LARDER_SYSTEM_MALLOC

#include <malloc.h>

#include "larder/memory/pages.h"

namespace larder::memory {

namespace {

// There are no controls here: the error is the one that jemalloc returns for an unknown name.
base::Error no_controls() { return base::Error{"No such file or directory"}; }

}  // namespace

Pages read_pages() {
  const struct mallinfo2 info = mallinfo2();
  return {.allocated = info.uordblks + info.hblkhd,
          .active = info.arena + info.hblkhd,
          .resident = info.arena + info.hblkhd,
          .mapped = info.arena + info.hblkhd,
          .metadata = 0,
          .retained = 0,
          .dirty_data = 0};
}

std::string allocator_name() { return "libc"; }

base::Result<void> purge() { return purge_beside_data(); }
base::Result<void> purge_beside_data() {
  malloc_trim(0);
  return {};
}
std::uint64_t purge_some_data_pages() { return 0; }
void decay() {}
void age_data_pages() {}
base::Result<void> set_page_return(PageReturn) { return {}; }
PageReturn page_return() { return PageReturn::by_caller; }
void flush_thread_cache() {}

std::string allocator_report() { return "Stats not supported for the current allocator"; }

base::Result<std::int64_t> read_control(const std::string&) { return no_controls(); }
base::Result<std::optional<std::int64_t>> write_control(const std::string&, std::int64_t) {
  return no_controls();
}
base::Result<std::string> read_text_control(const std::string&) { return no_controls(); }
base::Result<std::optional<std::string>> write_text_control(const std::string&,
                                                            const std::string&) {
  return no_controls();
}

}  // namespace larder::memory

#endif
