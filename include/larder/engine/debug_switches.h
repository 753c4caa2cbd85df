#pragma once

// What DEBUG changes for tests, each switch a tool of its own; the code concerned reads it.

#include <cstdint>

namespace larder::engine {

// DEBUG PAUSE-CRON: the work that runs `hz` times a second stops.
struct Cron {
  bool paused = false;
};

// DEBUG REPLYBUFFER: how long the largest unsent output of a client is remembered (CLIENT LIST's
// rbp). Negative: always.
struct ReplyPeak {
  static constexpr std::int64_t kUsualMs = 5000;
  std::int64_t reset_ms = kUsualMs;
};

// DEBUG SET-SKIP-CHECKSUM-VALIDATION: RESTORE and the loading of RDB files ignore the checksum.
struct ChecksumValidation {
  bool skipped = false;
};

}  // namespace larder::engine
