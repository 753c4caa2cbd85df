#include "larder/persistence/snapshot_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace larder::persistence {
namespace {

// Bytes between two syncs of an incremental one.
constexpr std::uint64_t kSyncedBytes = 4 << 20;

base::Error system_error(const std::string& what) { return {what + ": " + std::strerror(errno)}; }

}  // namespace

int FileCalls::create(const char* path) {
  return ::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
}

std::ptrdiff_t FileCalls::write(int file, const char* bytes, std::size_t size) {
  return ::write(file, bytes, size);
}

int FileCalls::sync(int file) { return ::fsync(file); }

int FileCalls::close(int file) { return ::close(file); }

int FileCalls::rename(const char* from, const char* to) { return std::rename(from, to); }

int FileCalls::sync_folder() {
  const int folder = ::open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return -1;
  const int done = ::fsync(folder);
  const int reason = errno;
  ::close(folder);
  errno = reason;
  return done;
}

int FileCalls::remove(const char* path) { return ::unlink(path); }

SnapshotFile::SnapshotFile(FileCalls& calls, Syncing syncing)
    : calls_(calls), syncing_(syncing), temporary_("temp-" + std::to_string(::getpid()) + ".rdb") {}

SnapshotFile::~SnapshotFile() {
  if (file_ >= 0) calls_.close(file_);
  if (exists_) calls_.remove(temporary_.c_str());
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
  if (calls_.sync_folder() == 0) return {};
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
