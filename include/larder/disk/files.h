#pragma once

// The system's calls for files that are written. Tests replace them to let calls fail.

#include <cstddef>

namespace larder::disk {

// Each function returns -1 and sets errno on failure.
class FileCalls {
 public:
  virtual ~FileCalls() = default;
  // An empty file for writing; an old one of that name is truncated.
  virtual int create(const char* path);
  virtual std::ptrdiff_t write(int file, const char* bytes, std::size_t size);
  virtual int sync(int file);
  virtual int close(int file);
  virtual int rename(const char* from, const char* to);
  // Makes renamed and removed names of this folder durable.
  virtual int sync_folder(const char* path);
  virtual int remove(const char* path);
};

}  // namespace larder::disk
