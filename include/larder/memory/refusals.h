#pragma once

// For tests: a system that refuses memory.

#include <cstddef>

namespace larder::memory {

// From now on try_allocate(), try_reallocate() and can_allocate() refuse blocks of `bytes` and
// more.
void refuse_blocks_from(std::size_t bytes);

}  // namespace larder::memory
