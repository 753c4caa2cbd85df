#include "larder/persistence/snapshot_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace larder::persistence {
namespace {

// Bytes between two syncs of an incremental one.
constexpr std::uint64_t kSyncedBytes = 4 << 20;

base::Error system_error(const std::string& what) { return {what + ": " + std::strerror(errno)}; }

std::string folder_of(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : name.substr(0, slash);
}

}  // namespace

std::string temporary_snapshot(int pid) { return "temp-" + std::to_string(pid) + ".rdb"; }

SnapshotFile::SnapshotFile(disk::FileCalls& calls, Syncing syncing, std::string temporary)
    : calls_(calls), syncing_(syncing), temporary_(std::move(temporary)) {}

SnapshotFile::~SnapshotFile() { discard(); }

void SnapshotFile::discard() {
  if (file_ >= 0) calls_.close(file_);
  if (exists_) calls_.remove(temporary_.c_str());
  file_ = -1;
  exists_ = false;
}

base::Result<void> SnapshotFile::open() {
  file_ = calls_.create(temporary_.c_str());
  if (file_ < 0) return system_error("Failed opening the temp RDB file " + temporary_);
  exists_ = true;
  return {};
}

base::Result<void> SnapshotFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::ptrdiff_t written = calls_.write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error("Write error while saving DB to the disk(write)");
    bytes.remove_prefix(static_cast<std::size_t>(written));
    unsynced_ += static_cast<std::uint64_t>(written);
  }
  if (syncing_ == Syncing::at_end || unsynced_ < kSyncedBytes) return {};
  return sync();
}

base::Result<void> SnapshotFile::sync() {
  unsynced_ = 0;
  if (calls_.sync(file_) == 0) return {};
  return system_error("Write error while saving DB to the disk(fsync)");
}

base::Result<void> SnapshotFile::publish(const std::string& name) {
  if (const auto synced = sync(); !synced) return synced;
  const int closed = calls_.close(file_);
  file_ = -1;
  if (closed != 0) return system_error("Write error while saving DB to the disk(fclose)");
  if (calls_.rename(temporary_.c_str(), name.c_str()) != 0) {
    return system_error("Error moving temp DB file " + temporary_ + " on the final destination " +
                        name);
  }
  exists_ = false;
  if (calls_.sync_folder(folder_of(name).c_str()) == 0) return {};
  return system_error("Failed syncing the folder of " + name);
}

FileSource::~FileSource() {
  if (file_ >= 0) ::close(file_);
}

base::Result<bool> FileSource::open(const std::string& path) {
  file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file_ < 0 && errno == ENOENT) return false;
  struct stat found;
  if (file_ < 0 || ::fstat(file_, &found) != 0) return base::Error{std::strerror(errno)};
  if (!S_ISREG(found.st_mode)) return base::Error{"not a regular file"};
  size_ = static_cast<std::uint64_t>(found.st_size);
  return true;
}

bool FileSource::skip(std::uint64_t bytes) {
  return ::lseek(file_, static_cast<off_t>(bytes), SEEK_SET) >= 0;
}

base::Result<std::size_t> FileSource::read(char* out, std::size_t most) {
  for (;;) {
    const std::ptrdiff_t got = ::read(file_, out, most);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return base::Error{std::strerror(errno)};
  }
}

}  // namespace larder::persistence
