#pragma once

// The part of the stream, or of a full copy, that replicas still need and that memory has no room
// for: on disk, in files of fixed size without a name, which the worker thread writes and reads.
//
//   | file | file | file ..   | chunks to be written | backlog, in memory |
//   ^ first()                 ^ written_             ^ end()

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "file_reader.h"
#include "larder/base/log.h"
#include "larder/disk/worker.h"
#include "larder/memory/audit.h"
#include "larder/replication/backlog.h"

namespace larder::replication {

class Spill final : private disk::Task {
 public:
  static constexpr std::uint64_t kFileBytes = 64 << 20;

  Spill(disk::Worker& worker, base::Log& log) : worker_(worker), log_(log) {}
  ~Spill() override;

  bool empty() const { return first_ == end_; }
  std::int64_t first() const { return first_; }
  std::uint64_t bytes() const { return static_cast<std::uint64_t>(end_ - first_); }
  bool holds(std::int64_t offset) const { return offset >= first_ && offset < end_; }
  // There is room among the chunks to be written, and the disk works.
  bool may_take() const { return !failed_ && unwritten_.size() < kMostUnwritten; }
  bool has_failed() const { return failed_; }
  // The worker does not use it: it can be destroyed at once.
  bool is_idle() const { return !is_posted_; }
  // Takes the oldest chunk of the backlog, which must follow what is held.
  void take(Backlog& backlog);
  // The bytes from an offset that it holds on; none while the worker reads them.
  std::string_view at(std::int64_t offset, FileReader& reader) const;
  // Nobody needs what is before the offset.
  void drop_before(std::int64_t offset);
  void clear();

  // Of the chunks that are not written yet.
  std::size_t held_bytes() const;

 private:
  static constexpr std::size_t kMostUnwritten = 64;
  static constexpr std::size_t kMostAtOnce = 16;

  struct File {
    std::int64_t first;
    std::shared_ptr<OpenFile> open;
  };

  void write_more();
  // disk::Task
  void work() override;
  void done() override;

  disk::Worker& worker_;
  base::Log& log_;
  std::deque<File> files_;
  std::deque<char*> unwritten_;
  std::int64_t first_ = 1;
  std::int64_t written_ = 1;
  std::int64_t end_ = 1;
  bool failed_ = false;

  // What the worker writes.
  std::vector<char*> writing_;
  std::shared_ptr<OpenFile> file_;
  std::uint64_t position_ = 0;
  int error_ = 0;
  bool is_posted_ = false;
  bool is_void_ = false;  // what is written belongs to nothing any more
};

}  // namespace larder::replication
