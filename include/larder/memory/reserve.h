#pragma once

// The reserve: address space that is kept for the moment in which the system refuses a block that
// nothing can do without (heap.h). It is given back to the system then, so that the running command
// ends; from then on commands that may need more memory are to be refused until keep_reserve() is
// true. Its pages are untouched, so it takes no memory, but it counts for ulimit -v.

#include <cstddef>

namespace larder::memory {

inline constexpr std::size_t kReserveBytes = 32 << 20;

bool has_reserve();
// Takes the reserve, if it is not there. False if the system does not have so much memory now.
bool keep_reserve();
// Gives it back; false if it is not there. Any thread may call this.
bool give_back_reserve();

}  // namespace larder::memory
