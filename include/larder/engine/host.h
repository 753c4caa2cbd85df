#pragma once

// What handlers ask of the process around the engine, each a tool of its own: how to end it, which
// file it was configured by, and how long the strings may become that commands make.

#include <cstdint>
#include <string>

#include "larder/base/result.h"
#include "larder/config/config.h"

namespace larder::engine {

struct ShutdownOptions {
  bool save = false;
  bool nosave = false;
  bool now = false;    // without waiting for replicas
  bool force = false;  // even when the data cannot be saved
};

class Shutdown {
 public:
  // Ends the process after this turn. An error is the reason why it goes on, for the log.
  virtual base::Result<void> begin(const ShutdownOptions& options) = 0;
  // Takes a shutdown back that still waits; false when none does.
  virtual bool abort() = 0;

 protected:
  ~Shutdown() = default;
};

struct ConfigFile {
  // The whole path; empty when there was none.
  const std::string& path;
};

struct Limits {
  // proto-max-bulk-len; bounds the strings that commands build as well as arguments.
  const config::Bytes& longest_string;

  bool admits_string(std::uint64_t bytes, std::uint64_t more = 0) const {
    const auto most = static_cast<std::uint64_t>(longest_string.value());
    return bytes <= most && more <= most - bytes;
  }
};

}  // namespace larder::engine
