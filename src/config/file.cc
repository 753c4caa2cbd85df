#include "larder/config/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace larder::config {

namespace {

base::Error last_error() { return {std::strerror(errno)}; }

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  bool is_open() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

bool write_all(int descriptor, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// The rename itself must survive a power cut, so its folder is synced too.
void sync_folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const File file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.is_open()) ::fsync(file.descriptor());
}

bool fill(const std::string& path, mode_t mode, bool keep_mode, std::string_view content) {
  const File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!file.is_open()) return false;
  if (keep_mode && ::fchmod(file.descriptor(), mode) != 0) return false;
  return write_all(file.descriptor(), content) && ::fsync(file.descriptor()) == 0;
}

}  // namespace

base::Result<std::string> read_file(const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return last_error();
  std::string content;
  char chunk[16 * 1024];
  for (;;) {
    const ssize_t size = ::read(file.descriptor(), chunk, sizeof chunk);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return last_error();
    if (size == 0) return content;
    content.append(chunk, static_cast<std::size_t>(size));
  }
}

base::Result<void> replace_file(const std::string& path, std::string_view content) {
  struct stat old {};
  const bool exists = ::stat(path.c_str(), &old) == 0;
  const std::string fresh = path + '.' + std::to_string(::getpid()) + ".tmp";
  const mode_t mode = exists ? (old.st_mode & 07777) : 0644;
  if (!fill(fresh, mode, exists, content) || std::rename(fresh.c_str(), path.c_str()) != 0) {
    const base::Error error = last_error();
    ::unlink(fresh.c_str());
    return error;
  }
  sync_folder_of(path);
  return {};
}

std::vector<std::string> trimmed_lines(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const std::size_t first = line.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) {
      lines.emplace_back();
    } else {
      lines.emplace_back(line.substr(first, line.find_last_not_of(kBlanks) + 1 - first));
    }
  }
  return lines;
}

}  // namespace larder::config
