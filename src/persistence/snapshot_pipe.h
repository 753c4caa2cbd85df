#pragma once

// Carries the records of a snapshot from the event loop to the worker thread, in blocks of fixed
// size. Longer texts are marked in the blocks, and the worker compresses them; it also computes the
// checksum, writes and syncs (snapshot_consumer.h). The number of blocks is bounded.
//
//   block: | frame | frame | ...        frame: | kind: 2 bits, bytes: 30 | bytes |

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "larder/base/result.h"
#include "larder/disk/worker.h"
#include "larder/persistence/rdb_file_writer.h"
#include "larder/persistence/snapshot_file.h"
#include "snapshot_consumer.h"

namespace larder::persistence {

class SnapshotPipe {
 public:
  class Host {
   public:
    // All blocks are in use: returns when one is free, or after the pipe was cancelled.
    virtual void wait_for_block() = 0;
    // Some bytes of a stream were passed on: a moment at which a long value can be interrupted.
    virtual void passed_on() = 0;

   protected:
    ~Host() = default;
  };
  struct Options {
    disk::Worker& worker;
    std::size_t limit_bytes;
    RdbOptions form;
    SnapshotConsumer::File file;
  };
  SnapshotPipe(Host& host, const Options& options);
  // The worker has no block of it any more.
  ~SnapshotPipe();
  SnapshotPipe(const SnapshotPipe&) = delete;
  SnapshotPipe& operator=(const SnapshotPipe&) = delete;

  // Records that go to the file in their order. Those in `later` follow when the value that is
  // being written to `now` is complete: merge().
  class Stream;
  Stream& now() { return *now_; }
  Stream& later() { return *later_; }
  void merge();

  // Blocks that can be filled before the worker must be waited for.
  std::size_t free_blocks() const { return most_ - std::min(most_, used_ + lent_); }
  std::size_t most_blocks() const { return most_; }
  // Those that the worker has not written yet.
  std::size_t posted_blocks() const { return posted_; }
  // So much of the memory of blocks is in use elsewhere; at most most_lent_bytes() count.
  void lend(std::size_t bytes);
  std::size_t most_lent_bytes() const;

  // The file is complete: the checksum is appended, and it is synced and renamed.
  void finish();
  // The file is removed; nothing more is written. May be called at any time, also twice.
  void cancel();
  // The file loses its temporary name, while the worker may still write to it.
  void remove_file() { consumer_.remove_file(); }
  // Nothing is in the worker's hands. After finish() or cancel(): the end.
  bool is_idle() const { return posted_ == 0; }
  bool is_cancelled() const { return cancelled_; }
  // The reason why the file cannot be written.
  const std::string* failure() const { return failed_ ? &consumer_.failure() : nullptr; }

  std::uint64_t held_bytes() const;

 private:
  class Block;
  friend class Stream;

  void drop_unused();
  std::unique_ptr<Block> take_block();
  void post(std::unique_ptr<Block> block);
  void returned(Block& block);
  void recycle(std::unique_ptr<Block> block);

  Host& host_;
  disk::Worker& worker_;
  const Compression compression_;
  const std::size_t most_;
  SnapshotConsumer consumer_;
  std::vector<std::unique_ptr<Block>> free_;
  std::vector<std::unique_ptr<Block>> waiting_;  // of `later`
  std::size_t used_ = 0;                         // blocks that are filled or worked on
  std::size_t made_ = 0;
  std::size_t lent_ = 0;  // blocks
  std::size_t posted_ = 0;
  bool failed_ = false;
  bool cancelled_ = false;
  std::unique_ptr<Stream> now_;
  std::unique_ptr<Stream> later_;
};

// Appends frames to the current block.
class SnapshotPipe::Stream final : private Spill, private DeferredTexts {
 public:
  enum class PassOn : std::uint8_t { at_once, later };
  Stream(SnapshotPipe& pipe, PassOn pass_on);
  ~Stream();

  RdbRecords::Output output();
  // Passes on what is in the current block.
  void flush();
  bool is_empty() const;

 private:
  friend class SnapshotPipe;

  void take(Bytes& bytes) override;
  void defer(std::string_view text) override;
  void plain(std::string_view text);
  void frame(FrameKind kind, std::string_view bytes);
  void open_raw();
  void close_raw();
  void spill_if_full();
  std::unique_ptr<Block> exchange_block();

  SnapshotPipe& pipe_;
  const PassOn pass_on_;
  Bytes bytes_;
  std::size_t raw_at_ = 0;  // the head of the open raw frame
};

}  // namespace larder::persistence
