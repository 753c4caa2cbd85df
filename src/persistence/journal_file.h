#pragma once

// The increment that is being written. Takes effects out of the ring, writes them in groups with
// their checksums (aof_cutter.h), and syncs the file. For the threads that work on files: one moves
// effects at a time, and while one syncs another may move and sync what came later.

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <limits>
#include <mutex>
#include <string>

#include "journal_ring.h"
#include "larder/base/result.h"
#include "larder/persistence/journal_calls.h"

namespace larder::persistence {

struct JournalFailure {
  enum class At : std::uint8_t { nothing, write, sync };
  At at = At::nothing;
  int reason = 0;  // errno

  explicit operator bool() const { return at != At::nothing; }
};

// Begins a new increment with the sum of an empty group, on disk before the file is named in the
// manifest: so the loader knows that it has groups, even if its first one is cut off. Takes the
// file from create(), and returns its bytes.
base::Result<std::uint64_t> mark_increment(JournalCalls& calls, int file);

class JournalFile {
 public:
  static constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

  JournalFile(JournalCalls& calls, JournalRing& ring) : calls_(calls), ring_(ring) {}
  ~JournalFile();
  JournalFile(const JournalFile&) = delete;
  JournalFile& operator=(const JournalFile&) = delete;

  // Continues at the end of this file, after the syncs of the last one. It is closed in any case,
  // also after a failure.
  void open(int file, const RingPlace& place);
  // False if the system did not give all descriptors.
  bool syncs_overlap() const { return overlaps_.load(std::memory_order_relaxed); }

  // Effects behind this position belong to the next file. To be set before they are published.
  void limit(std::uint64_t position) { limit_.store(position, std::memory_order_release); }
  std::uint64_t limit() const { return limit_.load(std::memory_order_acquire); }

  // Writes what was published, up to the limit. After a failure the file is as it was before the
  // part that failed, and the ring has what is missing.
  JournalFailure move();
  // Syncs what was moved, by one of the descriptors.
  JournalFailure sync(std::size_t by = 0);

  // After move() and sync(), when nothing more will be written: ends the file with the sum of an
  // empty group, which says that all before it is on disk, so that damage is not taken for what an
  // interrupted write has left. Nothing is lost if it cannot be written.
  void seal();

  // Where the ring is taken up to; for any thread.
  std::uint64_t written() const { return written_.load(std::memory_order_acquire); }
  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  const RingPlace& place() const { return place_; }

 private:
  struct Descriptor {
    int file = -1;
    bool syncs = false;
  };
  JournalFailure write(std::uint64_t to, bool ends_group);
  void take(std::uint64_t position, std::uint64_t file_bytes);
  void close_all();
  int file() const { return descriptors_[0].file; }

  JournalCalls& calls_;
  JournalRing& ring_;
  std::mutex mutex_;  // held by move() and open(); what follows is changed under it
  std::condition_variable synced_;
  // Each sync that runs has one, because the system reports an error of the file once to each
  // descriptor, not to each sync.
  std::array<Descriptor, kJournalSyncs> descriptors_;
  RingPlace place_;
  // The group that is not ended yet.
  std::uint64_t group_begin_ = 0;  // its offset in the file
  std::uint32_t group_sum_ = 0;
  std::uint64_t synced_bytes_ = 0;  // of the file; at least so many are on disk
  std::uint64_t opened_bytes_ = 0;  // of the file, when it was opened
  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> limit_{kNoLimit};
  std::atomic<bool> overlaps_ = false;
};

}  // namespace larder::persistence
