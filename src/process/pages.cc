#include "larder/process/pages.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

namespace larder::process {
namespace {

struct Mapping {
  std::uintptr_t first = 0;
  std::uintptr_t end = 0;
  bool of_file = false;
};

// A line such as "55d0c8a00000-55d0c8a2f000 r-xp 00001000 fe:00 1234   /usr/bin/larder-server".
// False where it is another kind of line.
bool read_head(const std::string& line, Mapping& mapping) {
  unsigned long first = 0;
  unsigned long end = 0;
  char rights[5] = "";
  char path[2] = "";
  const int fields =
      std::sscanf(line.c_str(), "%lx-%lx %4s %*s %*s %*s %1s", &first, &end, rights, path);
  if (fields < 3) return false;
  mapping = {first, end, fields == 4 && path[0] == '/' && rights[1] == '-'};
  return true;
}

// Mappings of files without pages that were written to.
std::vector<Mapping> unchanged_mappings() {
  std::ifstream smaps("/proc/self/smaps");
  std::vector<Mapping> found;
  Mapping mapping;
  std::string line;
  unsigned long own_kb = 0;
  while (std::getline(smaps, line)) {
    if (std::sscanf(line.c_str(), "Anonymous: %lu kB", &own_kb) == 1) {
      if (mapping.of_file && own_kb == 0) found.push_back(mapping);
    } else {
      read_head(line, mapping);
    }
  }
  return found;
}

}  // namespace

void return_startup_pages() {
  for (const Mapping& mapping : unchanged_mappings()) {
    ::madvise(reinterpret_cast<void*>(mapping.first), mapping.end - mapping.first, MADV_DONTNEED);
  }
}

}  // namespace larder::process
