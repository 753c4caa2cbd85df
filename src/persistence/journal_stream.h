#pragma once

// The loop's end of the journal: turns effects into the bytes of the append-only file, and puts
// them into the ring. What the ring has no room for, the rest of one command's effects, waits in a
// buffer until the other end has taken some of it.

#include <atomic>
#include <cstdint>
#include <string_view>
#include <vector>

#include "journal_ring.h"
#include "larder/base/clock.h"
#include "larder/engine/propagation.h"
#include "larder/memory/audit.h"
#include "larder/memory/heap.h"

namespace larder::persistence {

class JournalStream {
 public:
  explicit JournalStream(JournalRing& ring) : ring_(ring), end_(ring.end()), boundary_(end_) {}

  // Behind all bytes so far; a command ends there.
  std::uint64_t end() const { return end_; }
  // The number of effects so far, which the other thread may read.
  std::uint64_t effects() const { return effects_.load(std::memory_order_relaxed); }

  void add(const engine::Effect& effect);
  // A line with the time, once a second at most.
  void add_time(std::int64_t unix_s);
  // The next effect begins with the number of its database: it is the first in its file.
  void begin_file() { db_ = -1; }

  // Makes the bytes visible for the other thread, as far as the ring has room. Returns up to where.
  std::uint64_t publish();
  bool is_full() const { return !waiting_.empty(); }
  // Bytes in the buffer, at the allocator's sizes.
  std::size_t held_bytes() const;

 private:
  void append(std::string_view bytes);
  void move_waiting();

  JournalRing& ring_;
  std::uint64_t end_;
  std::uint64_t boundary_;
  std::atomic<std::uint64_t> effects_{0};
  int db_ = -1;
  std::int64_t time_s_ = 0;
  std::vector<char, memory::Allocator<char, memory::Owner::journal>> waiting_;
  std::size_t moved_ = 0;  // of them, already in the ring
};

}  // namespace larder::persistence
