#pragma once

// `include <pattern>`: the lines of other files replace this line.

#include <string>
#include <vector>

namespace larder::config {

// How deep files may include each other.
inline constexpr int kDeepestInclude = 16;

// The files that the pattern stands for, in the order of their names; a name without *, ? and [
// stands for itself, whether there is such a file or not. A relative name starts from `folder`,
// which is the working folder where it is empty.
std::vector<std::string> included_files(const std::string& pattern, const std::string& folder);

}  // namespace larder::config
