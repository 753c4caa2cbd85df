#pragma once

// The first lines of the log.

#include <string>

#include "larder/base/log.h"
#include "larder/server/configuration.h"

namespace larder::server {

// The last line of the log.
inline constexpr const char* kBye = "Larder is now ready to exit, bye bye...";

// "Larder server v=7.2.6 ...": what --version prints, in the shape that tools read.
std::string version_line();

// The parts that the banner prints.
void log_start(base::Log& log, const Configuration& configuration, const std::string& program);
// The banner, or one line if the log is not a terminal.
void log_banner(base::Log& log, const Configuration& configuration);

}  // namespace larder::server
