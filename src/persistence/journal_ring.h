#pragma once

// Effects on their way to the append-only file: a ring of bytes in a file that is mapped into
// memory. The bytes survive the process, because the pages belong to the system: after kill -9 the
// next start finds in the ring what the increment does not have yet. One thread appends, another
// takes.
//
//   | head: 4096 | ring: kBytes |
//
// A position is the number of bytes that were appended before it since the ring was created; byte p
// is at p % kBytes of the ring. All blocks of the file are allocated when it is created, so that a
// full disk cannot end the process when it writes to the mapping.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "larder/base/result.h"

namespace larder::persistence {

// Everything before `position` is in the increment with this number, which then has this size.
struct RingPlace {
  std::uint64_t position = 0;
  std::int64_t seq = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t group_bytes = 0;  // of them, of a group at the end that has no sum yet
};

class JournalRing {
 public:
  static constexpr std::size_t kBytes = 8 << 20;

  // Creates the file, or takes over an existing one without its contents.
  static base::Result<std::unique_ptr<JournalRing>> create(const std::string& path,
                                                           const RingPlace& place);
  ~JournalRing();
  JournalRing(const JournalRing&) = delete;
  JournalRing& operator=(const JournalRing&) = delete;

  // What it takes of the address space.
  static std::int64_t mapped_bytes();

  // For the thread that appends.
  std::size_t room() const {
    return kBytes - static_cast<std::size_t>(end_ - taken_.load(std::memory_order_acquire));
  }
  // At most room() bytes. They are visible to the other thread, and survive, after publish().
  void append(std::string_view bytes);
  std::uint64_t end() const { return end_; }
  // `boundary` is the last position at or before the end at which a command ends.
  void publish(std::uint64_t boundary);

  // For the thread that takes.
  struct Published {
    std::uint64_t boundary;  // a position at or before the end at which a command ends
    std::uint64_t end;
  };
  Published published() const;
  // The bytes between two positions that were published and not taken, in one or two pieces.
  std::array<std::string_view, 2> between(std::uint64_t from, std::uint64_t to) const;
  void take(const RingPlace& place);

  // What a process left in its ring.
  struct Leftover {
    RingPlace place;
    std::string bytes;  // from place.position on
  };
  // Nothing if there is no such file, if it is not a ring, or if the system has been started since:
  // then it is not known which of its pages reached the disk.
  static std::optional<Leftover> read_leftover(const std::string& path);

 private:
  struct Head;

  explicit JournalRing(Head* head) : head_(head) {}
  char* bytes() const;

  Head* const head_;
  std::uint64_t end_ = 0;
  std::atomic<std::uint64_t> taken_{0};
  std::atomic<std::uint64_t> boundary_{0};
};

}  // namespace larder::persistence
