#include "linked.h"

namespace larder::memory {

void link_jemalloc_options() {}

}  // namespace larder::memory

#ifndef LARDER_SYSTEM_MALLOC

// jemalloc reads this at its first allocation. One arena, because there is one serving thread. It
// is used for large blocks too: blocks in a separate arena would be returned to the system in the
// call that frees them. Unused pages are returned within a second. The directive jemalloc-bg-thread
// starts the thread of jemalloc that does this, after the process has been daemonized.
extern "C" {
extern const char* const malloc_conf;
const char* const malloc_conf =
    "narenas:1,dirty_decay_ms:1000,muzzy_decay_ms:0,background_thread:false,metadata_thp:disabled,"
    "oversize_threshold:0,abort_conf:false";
}

#endif
