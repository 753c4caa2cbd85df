#pragma once

// The system's calls for the increments of the append-only file, which tests let fail.

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

#include "larder/disk/files.h"

namespace larder::persistence {

// Syncs of an increment that may run at the same time.
inline constexpr std::size_t kJournalSyncs = 4;

// As in FileCalls, each returns -1 and sets errno on failure.
class JournalCalls : public disk::FileCalls {
 public:
  // An existing file for writing, as it is.
  virtual int open_existing(const char* path);
  virtual std::ptrdiff_t write_at(int file, const iovec* pieces, int count, std::uint64_t offset);
  // The bytes of the file and what is needed to read them.
  virtual int sync_data(int file);
  virtual int truncate(int file, std::uint64_t size);
};

}  // namespace larder::persistence
