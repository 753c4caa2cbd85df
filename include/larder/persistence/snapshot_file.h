#pragma once

// A file that appears under its name only when all of it is on disk: it is written under another
// name, synced, and renamed, after which its folder is synced.

#include <cstdint>
#include <string>
#include <string_view>

#include "larder/base/result.h"
#include "larder/disk/files.h"
#include "larder/persistence/rdb_file.h"
#include "larder/persistence/rdb_file_writer.h"

namespace larder::persistence {

class SnapshotFile final : public RdbSink {
 public:
  enum class Syncing : std::uint8_t { at_end, incremental };
  // `temporary` is its name until it is complete.
  SnapshotFile(disk::FileCalls& calls, Syncing syncing, std::string temporary);
  // Removes what was not published.
  ~SnapshotFile();
  SnapshotFile(const SnapshotFile&) = delete;
  SnapshotFile& operator=(const SnapshotFile&) = delete;

  base::Result<void> open();
  base::Result<void> append(std::string_view bytes) override;
  // Closes and removes what was not published.
  void discard();
  // Removes the temporary name alone, in any thread, when the process ends.
  void remove_name() { calls_.remove(temporary_.c_str()); }
  // Syncs, closes and renames it. After an error the file of that name is as it was before.
  base::Result<void> publish(const std::string& name);

 private:
  base::Result<void> sync();

  disk::FileCalls& calls_;
  const Syncing syncing_;
  const std::string temporary_;
  int file_ = -1;
  bool exists_ = false;
  std::uint64_t unsynced_ = 0;
};

// `temp-<pid>.rdb`, the usual temporary name.
std::string temporary_snapshot(int pid);

// A file that is read.
class FileSource final : public RdbSource {
 public:
  FileSource() = default;
  ~FileSource();
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  // False if there is no such file.
  base::Result<bool> open(const std::string& path);
  // Continues behind the first `bytes`; false if the system refuses it.
  bool skip(std::uint64_t bytes);
  base::Result<std::size_t> read(char* out, std::size_t most) override;
  std::uint64_t size() const override { return size_; }

 private:
  int file_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace larder::persistence
