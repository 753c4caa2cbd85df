#pragma once

// File operations that fail, as on a full disk.

#include <atomic>
#include <cerrno>

#include "larder/disk/files.h"

namespace larder::server {

// Fails from the n-th call on.
class FailingCalls final : public disk::FileCalls {
 public:
  explicit FailingCalls(int good) : good_(good) {}
  int create(const char* path) override { return fails() ? -1 : FileCalls::create(path); }
  std::ptrdiff_t write(int file, const char* bytes, std::size_t size) override {
    // Half of it, as on a disk that is nearly full.
    return fails() ? -1 : FileCalls::write(file, bytes, size / 2 + 1);
  }
  int sync(int file) override { return fails() ? -1 : FileCalls::sync(file); }
  int close(int file) override {
    FileCalls::close(file);
    return fails() ? -1 : 0;
  }
  int rename(const char* from, const char* to) override {
    return fails() ? -1 : FileCalls::rename(from, to);
  }
  int sync_folder(const char* path) override { return fails() ? -1 : FileCalls::sync_folder(path); }
  bool failed() const { return good_ < 0; }

 private:
  bool fails() {
    if (good_ > 0) {
      --good_;
      return false;
    }
    good_ = -1;
    errno = ENOSPC;
    return true;
  }
  std::atomic<int> good_;
};

}  // namespace larder::server
