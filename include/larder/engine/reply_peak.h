#pragma once

#include <cstdint>

namespace larder::engine {

// How long it is remembered how much a client had unsent at most (CLIENT LIST's rbp), as DEBUG
// REPLYBUFFER sets it. Negative: always.
struct ReplyPeak {
  static constexpr std::int64_t kUsualMs = 5000;
  std::int64_t reset_ms = kUsualMs;
};

}  // namespace larder::engine
