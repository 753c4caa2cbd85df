#pragma once

// What DEBUG changes for tests, each a tool of its own; those concerned look here.

#include <cstdint>

namespace larder::engine {

// DEBUG PAUSE-CRON: the work that is done `hz` times a second stops.
struct Cron {
  bool paused = false;
};

// DEBUG REPLYBUFFER: how long it is remembered how much a client had unsent at most (CLIENT LIST's
// rbp). Negative: always.
struct ReplyPeak {
  static constexpr std::int64_t kUsualMs = 5000;
  std::int64_t reset_ms = kUsualMs;
};

}  // namespace larder::engine
