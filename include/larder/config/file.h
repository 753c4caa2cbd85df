#pragma once

// Whole files: read, and replaced at once.

#include <string>
#include <string_view>
#include <vector>

#include "larder/base/result.h"

namespace larder::config {

// The error is the system's reason alone.
base::Result<std::string> read_file(const std::string& path);

// Writes beside the file and renames over it, so that readers find the old or the new content
// whole. The owner and the mode of the old file are there before the first byte is; a new one gets
// 0644 less the umask. A symbolic link stays, and the file that it names is replaced. After an
// error, the system's reason alone, the old file is whole and no other is left.
base::Result<void> replace_file(const std::string& path, std::string_view content);

// The lines, without blanks around them.
std::vector<std::string> trimmed_lines(std::string_view text);

}  // namespace larder::config
