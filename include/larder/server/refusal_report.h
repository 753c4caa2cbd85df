#pragma once

// Warns in the log when the system refuses memory: at most once a second, however often it does.

#include <cstdint>

#include "larder/base/clock.h"
#include "larder/base/log.h"

namespace larder::server {

class RefusalReport {
 public:
  RefusalReport(base::Log& log, const base::Clock& clock) : log_(log), clock_(clock) {}

  // To be called several times a second.
  void beat();

 private:
  static constexpr std::int64_t kPauseMs = 1000;

  base::Log& log_;
  const base::Clock& clock_;
  std::uint64_t reported_ = 0;
  std::int64_t next_ms_ = 0;
};

}  // namespace larder::server
