#pragma once

// Whole files: read, and replaced at once.

#include <string>
#include <string_view>
#include <vector>

#include "larder/base/result.h"

namespace larder::config {

// The error is the system's reason alone.
base::Result<std::string> read_file(const std::string& path);

// Writes beside the file and renames over it, keeping its mode; 0644 less the umask for a new
// one. The error is the system's reason alone.
base::Result<void> replace_file(const std::string& path, std::string_view content);

// The lines, without blanks around them.
std::vector<std::string> trimmed_lines(std::string_view text);

}  // namespace larder::config
