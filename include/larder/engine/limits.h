#pragma once

// What commands may make, as a tool for handlers.

#include <cstdint>

#include "larder/config/config.h"

namespace larder::engine {

struct Limits {
  // proto-max-bulk-len; bounds the strings that commands build as well as arguments.
  const config::Bytes& longest_string;

  bool admits_string(std::uint64_t bytes, std::uint64_t more = 0) const {
    const auto most = static_cast<std::uint64_t>(longest_string.value());
    return bytes <= most && more <= most - bytes;
  }
};

}  // namespace larder::engine
