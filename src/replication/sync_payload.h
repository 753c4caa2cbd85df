#pragma once

// The data that a full sync sends: a snapshot, from a file that is complete, or while it is
// written. All replicas of a run read the same one, each at its own position.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "file_reader.h"
#include "larder/disk/files.h"
#include "larder/replication/backlog.h"
#include "spill.h"

namespace larder::replication {

// Where the snapshot's worker, or its process, writes. The file is made before it starts and has no
// name, so that nothing of it is left whatever happens.
class UnnamedFileCalls final : public disk::FileCalls {
 public:
  explicit UnnamedFileCalls(int descriptor) : descriptor_(descriptor) {}
  int create(const char* path) override;
  int sync(int) override { return 0; }
  int rename(const char*, const char*) override { return 0; }
  int sync_folder(const char*) override { return 0; }
  int remove(const char*) override { return 0; }

 private:
  const int descriptor_;
};

class SyncPayload {
 public:
  virtual ~SyncPayload() = default;
  SyncPayload(const SyncPayload&) = delete;
  SyncPayload& operator=(const SyncPayload&) = delete;

  disk::FileCalls& calls() { return calls_; }
  // The snapshot is complete; false if its size is not known.
  virtual bool complete() = 0;

  // Its size is not known while it is sent, so that it ends with a mark.
  bool is_streamed() const { return !tail().empty(); }
  // What precedes and follows the bytes on the wire.
  virtual std::string head() const = 0;
  virtual std::string tail() const = 0;
  // Bytes from the position on; none if they are not there yet, or if it is the end.
  virtual std::string_view at(std::uint64_t position, FileReader& reader) = 0;
  virtual bool ends_at(std::uint64_t position) const = 0;
  // Nobody needs what is before the position.
  virtual void drop_before(std::uint64_t) {}
  virtual void report_bytes(memory::Audit&) const {}

 protected:
  explicit SyncPayload(int descriptor) : calls_(descriptor) {}

 private:
  UnnamedFileCalls calls_;
};

class FilePayload final : public SyncPayload {
 public:
  explicit FilePayload(std::shared_ptr<OpenFile> file)
      : SyncPayload(file->descriptor()), file_(std::move(file)) {}

  bool complete() override;
  std::string head() const override { return "$" + std::to_string(size_) + "\r\n"; }
  std::string tail() const override { return {}; }
  std::string_view at(std::uint64_t position, FileReader& reader) override {
    return position == size_ ? std::string_view() : reader.at(file_, position, size_);
  }
  bool ends_at(std::uint64_t position) const override { return position == size_; }

 private:
  const std::shared_ptr<OpenFile> file_;
  std::uint64_t size_ = 0;
};

// The bytes go through a pipe of the system, whose writer waits while it is full, and from there
// into a few chunks of memory, from which all replicas are served. So the snapshot goes on as fast
// as the slowest of them. What commands wait for goes from there to the disk.
//
//   | spill, on disk | bytes, in memory | pipe | snapshot
class PipePayload final : public SyncPayload {
 public:
  // Null, and errno, if the system has no pipe.
  static std::shared_ptr<PipePayload> make(std::shared_ptr<Spill> spill);
  ~PipePayload() override;

  // It is complete when what is in the pipe has been read.
  bool complete() override;
  std::string head() const override { return "$EOF:" + mark_ + "\r\n"; }
  std::string tail() const override { return mark_; }
  std::string_view at(std::uint64_t position, FileReader& reader) override;
  bool ends_at(std::uint64_t position) const override {
    return is_complete_ && is_drained_ && position == end();
  }
  void drop_before(std::uint64_t position) override;
  void report_bytes(memory::Audit& audit) const override { bytes_.report_bytes(audit); }

  // Takes bytes from the pipe, as far as there is room; true if there are any since the last call.
  bool fill();
  // Takes some of them beyond that, because commands wait. So many may be on disk, and, if nothing
  // may or the disk fails, so many in memory.
  struct Bounds {
    std::uint64_t on_disk;
    std::uint64_t in_memory;
  };
  void fill_more(const Bounds& bounds);
  // Nobody reads any more: the writer's next write fails.
  void close();
  std::uint64_t held_bytes() const { return bytes_.size(); }

 private:
  static constexpr std::uint64_t kMostHeld = 512 * 1024;
  // What is in memory while the disk is slower than the snapshot.
  static constexpr std::uint64_t kMostWaiting = 8 << 20;

  PipePayload(int reading, int writing, std::shared_ptr<Spill> spill);
  bool read_some();
  bool has_room(const Bounds& bounds);
  std::uint64_t end() const { return static_cast<std::uint64_t>(bytes_.end() - 1); }

  const std::string mark_;
  int reading_;
  int writing_;
  Backlog bytes_{memory::Owner::replicas};
  const std::shared_ptr<Spill> spill_;  // what precedes them
  bool is_complete_ = false;
  bool is_drained_ = false;
  bool has_news_ = false;  // for those who have read everything
};

}  // namespace larder::replication
