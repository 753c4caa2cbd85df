#pragma once

#include <string_view>
#include <vector>

#include "larder/memory/heap.h"

namespace larder::persistence {

// The libraries of functions in the loaded file. They cannot be called, and are written to the next
// file unchanged.
class KeptFunctions {
 public:
  using Library = std::vector<char, memory::Allocator<char, memory::Owner::scripts>>;

  // Keeps a library unless it has exactly these bytes already.
  void add(std::string_view library);
  // FUNCTION LOAD REPLACE and DELETE, where the name stands in the first line of a library:
  // "#!<engine> name=<name>".
  void replace(std::string_view library);
  void remove(std::string_view name);
  void clear() { libraries_.clear(); }
  const std::vector<Library>& all() const { return libraries_; }

 private:
  std::vector<Library> libraries_;
};

}  // namespace larder::persistence
