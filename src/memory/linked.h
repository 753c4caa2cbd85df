#pragma once

namespace larder::memory {

// These do nothing; calling them makes the linker take the two files that nobody names: the
// global operator new and delete, and the options that jemalloc looks for.
void link_operator_new();
void link_jemalloc_options();

}  // namespace larder::memory
