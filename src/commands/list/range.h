#pragma once

#include <algorithm>
#include <cstdint>

namespace larder::commands {

// Indices from `first` up to, not including, `end`.
struct ListRange {
  std::int64_t first;
  std::int64_t end;

  bool empty() const { return first >= end; }
  std::int64_t size() const { return empty() ? 0 : end - first; }

  // From `start` to `stop` inclusive, both from the end where they are negative.
  static ListRange of(std::int64_t start, std::int64_t stop, std::int64_t elements) {
    if (start < 0) start = std::max<std::int64_t>(start + elements, 0);
    if (stop < 0) stop += elements;
    return {start, std::min(stop, elements - 1) + 1};
  }
};

}  // namespace larder::commands
