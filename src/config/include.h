#pragma once

// `include <pattern>`: the lines of other files replace this line.

#include <string>
#include <vector>

namespace larder::config {

// How deep files may include each other.
inline constexpr int kDeepestInclude = 16;

// The files that match the pattern, in the order of their names. A name without *, ? and [ is
// returned unchanged, whether the file exists or not. A relative name is relative to `folder`, or
// to the working folder if that is empty.
std::vector<std::string> included_files(const std::string& pattern, const std::string& folder);

}  // namespace larder::config
