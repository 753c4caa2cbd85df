#pragma once

namespace larder::memory {

// These functions are empty. Calling them makes the linker include two files that nothing else
// refers to: the global operator new and delete, and the options of jemalloc.
void link_operator_new();
void link_jemalloc_options();

}  // namespace larder::memory
