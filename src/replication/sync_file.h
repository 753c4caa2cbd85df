#pragma once

// The file into which the copy of a full sync is received. A worker writes and sums what the loop
// has received; the loop goes on with the next buffer meanwhile.

#include <cstdint>
#include <string>

#include "larder/base/result.h"
#include "larder/disk/files.h"
#include "larder/disk/worker.h"
#include "larder/memory/heap.h"
#include "larder/persistence/snapshot_file.h"
#include "payload.h"

namespace larder::replication {

class SyncFileUser {
 public:
  // What was given to the worker is written, or has failed.
  virtual void on_written() = 0;
  // The file was closed while the worker used it, and may be destroyed now: in this call.
  virtual void on_released() = 0;

 protected:
  ~SyncFileUser() = default;
};

class SyncFile final : private disk::Task {
 public:
  SyncFile(disk::Worker& worker, disk::FileCalls& calls, std::string temporary, SyncFileUser& user)
      : worker_(worker),
        user_(user),
        temporary_(temporary),
        file_(calls, persistence::SnapshotFile::Syncing::incremental, std::move(temporary)) {}

  // What was received, and is not given to the worker yet.
  Payload::Bytes& held() { return held_; }

  bool is_busy() const { return is_busy_; }
  // Gives it to the worker, except for the last `spare` bytes. Must not be busy.
  void write(std::size_t spare);
  // The same for the last time: afterwards the file is checked as far as its sum allows.
  void write_last();
  // Gives the file its final name, when it is loaded. Must not be busy.
  void publish(std::string name);

  // on_released() is called when it is not busy any more; instead of on_written().
  void drop() { is_dropped_ = true; }

  // The file is there, as it was sent.
  bool is_whole() const { return is_whole_; }
  // It carries no checksum, so that only reading all of it shows whether it is good.
  bool is_unchecked() const { return is_unchecked_; }
  const std::string& failure() const { return failure_; }
  const std::string& path() const { return temporary_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  void work() override;
  void done() override;
  base::Result<void> work_on();
  void sum(std::string_view bytes);
  base::Result<void> check() const;

  disk::Worker& worker_;
  SyncFileUser& user_;
  const std::string temporary_;
  persistence::SnapshotFile file_;
  Payload::Bytes held_;
  bool is_busy_ = false;
  bool is_dropped_ = false;
  bool is_whole_ = false;

  // For the worker while it is busy.
  Payload::Bytes writing_;
  bool is_open_ = false;
  bool is_last_ = false;
  bool is_unchecked_ = false;
  std::string name_;
  std::string head_;
  std::string tail_;  // the last 8 bytes, which are the checksum if nothing follows
  std::uint64_t crc_ = 0;
  std::uint64_t bytes_ = 0;
  std::string failure_;
};

}  // namespace larder::replication
