#pragma once

// Names of the program's functions, including file-local ones, which the C library cannot resolve.
// Read from the program's file; for signal handlers, so nothing is allocated.

#include <cstddef>
#include <cstdint>

namespace larder::process {

class ProgramSymbols {
 public:
  // Maps the program's file. Without one, or without symbols in it, nothing is found.
  ProgramSymbols();
  ~ProgramSymbols();
  ProgramSymbols(const ProgramSymbols&) = delete;
  ProgramSymbols& operator=(const ProgramSymbols&) = delete;

  struct Place {
    const char* name = nullptr;  // the linker's name; null if unknown
    std::size_t offset = 0;      // from the function's start
  };
  // The function that contains the address. Cost: a walk over all symbols.
  Place find(const void* address) const;

 private:
  const char* file_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace larder::process
