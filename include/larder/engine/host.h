#pragma once

// What handlers need of the process around the engine, each a tool of its own: a way to end it, the
// path of its configuration file, and the largest string that commands may make.

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
  // Ends the process after this turn, or waits for replicas before. An error is the reason for
  // continuing, for the log.
  virtual base::Result<void> begin(const ShutdownOptions& options) = 0;
  // Cancels a shutdown that still waits; false if there is none.
  virtual bool abort() = 0;
  virtual bool is_waiting() const { return false; }

 protected:
  ~Shutdown() = default;
};

struct ConfigFile {
  // The whole path; empty if there was none.
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
