#include "linked.h"

namespace larder::memory {

void link_jemalloc_options() {}

}  // namespace larder::memory

#ifndef LARDER_SYSTEM_MALLOC

// jemalloc reads this at its first allocation. One arena, because one thread serves; unused
// pages go back after five seconds, and at once when decay is due, without a thread of
// jemalloc's own.
extern "C" {
extern const char* const malloc_conf;
const char* const malloc_conf =
    "narenas:1,dirty_decay_ms:5000,muzzy_decay_ms:0,background_thread:false,metadata_thp:disabled,"
    "abort_conf:false";
}

#endif
