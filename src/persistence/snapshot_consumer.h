#pragma once

// The worker's side of a snapshot: decodes blocks (snapshot_pipe.h), compresses, and writes the
// file.

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "larder/persistence/rdb_file_writer.h"
#include "larder/persistence/snapshot_file.h"
#include "rdb_writer.h"

namespace larder::persistence {

// A block's frames: bytes as they are; a text to compress; and the parts of one, with its last
// part.
enum class FrameKind : std::uint8_t { raw, text, part, last_part };

inline constexpr std::size_t kFrameHead = 4;
inline constexpr unsigned kFrameKindShift = 30;

class SnapshotConsumer final : private Spill {
 public:
  // Longer texts are not compressed: compression needs a text and its result in memory.
  static constexpr std::size_t kMostCompressed = 1 << 20;

  struct File {
    disk::FileCalls& calls;
    SnapshotFile::Syncing syncing;
    std::string name;
    std::string temporary;
  };
  SnapshotConsumer(const File& file, const RdbOptions& form);

  // All of the following are called in the worker's thread. After a failure they do nothing.
  void consume(std::string_view block);
  void finish();
  void cancel();

  // May be called in every thread.
  void remove_file() { file_.remove_name(); }
  // May be called in every thread once a block was worked on after the failure.
  bool has_failed() const { return failed_.load(std::memory_order_acquire); }
  const std::string& failure() const { return failure_; }
  // What it holds.
  static std::size_t bytes(Compression compression);

 private:
  void take(Bytes& bytes) override;
  base::Result<void> append_sum();
  void fail(const base::Error& error);

  const std::string name_;
  const RdbOptions form_;
  SnapshotFile file_;
  bool is_open_ = false;
  Bytes buffer_;
  Bytes parts_;
  RdbWriter out_;
  std::uint64_t crc_ = 0;
  std::string failure_;
  std::atomic<bool> failed_ = false;
};

}  // namespace larder::persistence
