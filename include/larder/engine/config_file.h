#pragma once

// Which configuration file the process was started with, as a tool for handlers.

#include <string>

namespace larder::engine {

struct ConfigFile {
  // The whole path; empty when there was none.
  const std::string& path;
};

}  // namespace larder::engine
