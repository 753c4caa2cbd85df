#include "larder/disk/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace larder::disk {

int FileCalls::create(const char* path) {
  return ::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
}

std::ptrdiff_t FileCalls::write(int file, const char* bytes, std::size_t size) {
  return ::write(file, bytes, size);
}

int FileCalls::sync(int file) { return ::fsync(file); }

int FileCalls::close(int file) { return ::close(file); }

int FileCalls::rename(const char* from, const char* to) { return std::rename(from, to); }

int FileCalls::sync_folder(const char* path) {
  const int folder = ::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return -1;
  const int done = ::fsync(folder);
  const int reason = errno;
  ::close(folder);
  errno = reason;
  return done;
}

int FileCalls::remove(const char* path) { return ::unlink(path); }

}  // namespace larder::disk
