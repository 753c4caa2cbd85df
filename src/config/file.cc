#include "larder/config/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
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

// The rename must be durable after a power failure, so the folder is synced too.
void sync_folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const File file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.is_open()) ::fsync(file.descriptor());
}

// The file that a chain of symbolic links ends at, whether it exists or not.
std::string target_of(std::string path) {
  constexpr int kMostLinks = 40;
  for (int i = 0; i < kMostLinks; ++i) {
    char link[PATH_MAX];
    const ssize_t size = ::readlink(path.c_str(), link, sizeof link);
    if (size <= 0) return path;
    const std::string next(link, static_cast<std::size_t>(size));
    const std::size_t slash = path.rfind('/');
    const bool relative = next[0] != '/' && slash != std::string::npos;
    path = relative ? path.substr(0, slash + 1) + next : next;
  }
  return path;
}

mode_t mode_of_new_file() {
  const mode_t masked = ::umask(077);
  ::umask(masked);
  return 0644 & ~masked;
}

// Sets the owner, the group and the mode of the file that is replaced. Only root may change the
// owner; other processes keep as much of it as they may.
bool take_after(int descriptor, const std::string& path) {
  struct stat old {};
  if (::stat(path.c_str(), &old) != 0) return ::fchmod(descriptor, mode_of_new_file()) == 0;
  if (::fchown(descriptor, old.st_uid, old.st_gid) != 0) {
    const int ignored = ::fchown(descriptor, static_cast<uid_t>(-1), old.st_gid);
    static_cast<void>(ignored);
  }
  return ::fchmod(descriptor, old.st_mode & 07777) == 0;
}

// mkostemp() creates the file for its owner alone and never opens one that exists.
bool replace_by(std::string& fresh, const std::string& path, std::string_view content) {
  const File file(::mkostemp(fresh.data(), O_CLOEXEC));
  if (!file.is_open()) return false;
  if (take_after(file.descriptor(), path) && write_all(file.descriptor(), content) &&
      ::fsync(file.descriptor()) == 0 && std::rename(fresh.c_str(), path.c_str()) == 0) {
    return true;
  }
  const int problem = errno;
  ::unlink(fresh.c_str());
  errno = problem;
  return false;
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
  const std::string target = target_of(path);
  std::string fresh = target + ".XXXXXX";
  if (!replace_by(fresh, target, content)) return last_error();
  sync_folder_of(target);
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
