#include "include.h"

#include <glob.h>

namespace larder::config {

std::vector<std::string> included_files(const std::string& pattern, const std::string& folder) {
  const bool is_relative = pattern.empty() || pattern[0] != '/';
  const std::string path = is_relative && !folder.empty() ? folder + '/' + pattern : pattern;
  if (pattern.find_first_of("*?[") == std::string::npos) return {path};
  std::vector<std::string> files;
  glob_t found{};
  if (::glob(path.c_str(), 0, nullptr, &found) == 0) {
    files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  ::globfree(&found);
  return files;
}

}  // namespace larder::config
