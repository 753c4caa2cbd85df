#include "larder/process/memory_limit.h"

#include <fstream>
#include <optional>
#include <string_view>

#include "larder/base/numbers.h"

namespace larder::process {
namespace {

constexpr std::string_view kCgroups = "/sys/fs/cgroup";

std::optional<std::uint64_t> read_bytes(const std::string& path) {
  std::ifstream file(path);
  std::string word;
  // "max" is no limit.
  return file >> word ? base::parse_uint64(word) : std::nullopt;
}

std::optional<std::uint64_t> read_machine(const std::string& path) {
  std::ifstream file(path);
  std::string word;
  std::uint64_t kilobytes = 0;
  while (file >> word) {
    if (word == "MemTotal:")
      return file >> kilobytes ? std::optional(kilobytes << 10) : std::nullopt;
  }
  return std::nullopt;
}

void lower(MemoryLimit& limit, const std::string& root, const std::string& path) {
  const auto bytes = read_bytes(root + path);
  if (!bytes || (limit.bytes != 0 && *bytes >= limit.bytes)) return;
  limit = {*bytes, path};
}

// The cgroup `path` below `mount`, and those above it. In a container some of the path may be that
// of the host, which does not exist here: then only the files that do are read.
void lower_by_tree(MemoryLimit& limit, const std::string& root, const std::string& mount,
                   std::string path, std::initializer_list<std::string_view> files) {
  while (path.ends_with('/')) path.pop_back();
  while (true) {
    for (const std::string_view file : files) {
      lower(limit, root, mount + path + '/' + std::string(file));
    }
    if (path.empty()) return;
    const std::size_t last = path.find_last_of('/');
    path.erase(last == std::string::npos ? 0 : last);
  }
}

// Whether a list "cpu,memory" names the controller.
bool has_memory(std::string_view controllers) {
  while (!controllers.empty()) {
    const std::size_t comma = controllers.find(',');
    if (controllers.substr(0, comma) == "memory") return true;
    controllers.remove_prefix(comma == std::string_view::npos ? controllers.size() : comma + 1);
  }
  return false;
}

}  // namespace

MemoryLimit read_memory_limit(const std::string& root) {
  constexpr std::string_view kMachine = "/proc/meminfo";
  MemoryLimit limit;
  if (const auto bytes = read_machine(root + std::string(kMachine))) {
    limit = {*bytes, std::string(kMachine)};
  }
  // Lines are "id:controllers:path"; version 2 has the id 0 and no controllers.
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string_view controllers =
        std::string_view(line).substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) {
      // Above memory.high the system slows the process down until it hardly runs.
      lower_by_tree(limit, root, std::string(kCgroups), path, {"memory.max", "memory.high"});
    } else if (has_memory(controllers)) {
      lower_by_tree(limit, root, std::string(kCgroups).append("/memory"), path,
                    {"memory.limit_in_bytes"});
    }
  }
  return limit;
}

}  // namespace larder::process
