#pragma once

// Which offset of the stream the append-only file has on disk: the journal numbers its own bytes,
// so pairs of its position and the offset are noted now and then.

#include <array>
#include <cstddef>
#include <cstdint>

namespace larder::replication {

class SyncedOffset {
 public:
  // What has run up to `offset` is in the journal before `position`.
  void note(std::uint64_t position, std::int64_t offset) {
    if (count_ == kMost) return;
    noted_[(first_ + count_++) % kMost] = {position, offset};
  }
  // The offset that is on disk when the journal has synced up to this position; -1: not known.
  std::int64_t at(std::uint64_t synced) {
    for (; count_ > 0 && noted_[first_].position <= synced; --count_) {
      offset_ = noted_[first_].offset;
      first_ = (first_ + 1) % kMost;
    }
    return offset_;
  }
  void forget() { *this = SyncedOffset(); }

 private:
  struct Noted {
    std::uint64_t position;
    std::int64_t offset;
  };
  static constexpr std::size_t kMost = 16;

  std::array<Noted, kMost> noted_{};
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::int64_t offset_ = -1;
};

}  // namespace larder::replication
