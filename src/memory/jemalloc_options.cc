#include "linked.h"

namespace larder::memory {

void link_jemalloc_options() {}

}  // namespace larder::memory

#ifndef LARDER_SYSTEM_MALLOC

// jemalloc reads this at its first allocation. One arena, because one thread serves, for large
// blocks too: those of an arena of their own would go back to the system as they are freed, by
// whoever frees them. Unused pages go back within a second. The thread of jemalloc's own that does
// so is started by the directive jemalloc-bg-thread, after the process has gone to the background.
extern "C" {
extern const char* const malloc_conf;
const char* const malloc_conf =
    "narenas:1,dirty_decay_ms:1000,muzzy_decay_ms:0,background_thread:false,metadata_thp:disabled,"
    "oversize_threshold:0,abort_conf:false";
}

#endif
