#pragma once

// Whether a connection has too much unsent output (client-output-buffer-limit): at once at the hard
// limit, or after it exceeded the soft one for the allowed time.

#include <cstdint>

#include "larder/config/lists.h"

namespace larder::net {

class OutputExcess {
 public:
  // Records `bytes` of output at a time of the steady clock; true if they are too many. If there is
  // no unsent output any more, forget() must be called.
  bool note(const config::BufferLimit& limit, std::uint64_t bytes, std::int64_t now_ms);
  void forget() { soft_since_ms_ = kNever; }
  // The soft limit was exceeded at the last check.
  bool is_soft() const { return soft_since_ms_ != kNever; }

 private:
  static constexpr std::int64_t kNever = -1;
  std::int64_t soft_since_ms_ = kNever;
};

}  // namespace larder::net
