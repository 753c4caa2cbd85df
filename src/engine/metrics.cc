#include "larder/engine/metrics.h"

namespace larder::engine {

void ErrorCounts::count(std::string_view code) {
  for (auto& [known, times] : codes_) {
    if (known == code) {
      ++times;
      return;
    }
  }
  if (codes_.size() < kMostCodes) codes_.emplace_back(code, 1);
}

}  // namespace larder::engine
