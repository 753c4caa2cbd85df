#pragma once

// How much memory the system lets this process have.

#include <cstdint>
#include <string>

namespace larder::process {

struct MemoryLimit {
  std::uint64_t bytes = 0;  // 0 if the system does not report it
  std::string source;       // the file that contains it
};

// The least of the machine's memory and of the limits of the process's cgroup and of all above it,
// of version 1 or 2. `root` stands before the system's paths. Cost: tens of microseconds.
MemoryLimit read_memory_limit(const std::string& root = "");

}  // namespace larder::process
