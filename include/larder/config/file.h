#pragma once

// Whole files: read, and replaced at once.

#include <string>
#include <string_view>
#include <vector>

#include "larder/base/result.h"

namespace larder::config {

// The error is the system's reason alone.
base::Result<std::string> read_file(const std::string& path);

// Writes a temporary file and renames it, so that readers see either the old or the new content.
// It has the owner and the mode of the old file before the first byte is written; a new file gets
// 0644 and the umask. A symbolic link is kept, and its target is replaced. The error has only the
// system's reason; after it the old file is unchanged and the temporary file is removed.
base::Result<void> replace_file(const std::string& path, std::string_view content);

// The lines, without blanks around them.
std::vector<std::string> trimmed_lines(std::string_view text);

}  // namespace larder::config
