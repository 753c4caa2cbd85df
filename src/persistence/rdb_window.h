#pragma once

// The part of a file that is in memory: read from the end, taken from the front.

#include <string_view>
#include <vector>

#include "larder/persistence/rdb_file.h"

namespace larder::persistence {

class RdbWindow {
 public:
  // Holds `least` bytes, and more for larger values.
  RdbWindow(RdbSource& source, bool sums, std::size_t least)
      : source_(source), sums_(sums), least_(least) {}

  // With fewer bytes left more are read, so that most values are whole.
  std::size_t few() const { return least_ / 4; }
  std::string_view rest() const { return {bytes_.data() + begin_, end_ - begin_}; }
  void take(std::size_t bytes) { begin_ += bytes; }
  // The position of rest() in the file.
  std::uint64_t offset() const { return first_ + begin_; }
  bool at_end() const { return at_end_; }
  std::uint64_t read_bytes() const { return first_ + end_; }
  // What the file still has behind rest(), according to its size.
  std::uint64_t unread() const {
    return source_.size() > read_bytes() ? source_.size() - read_bytes() : 0;
  }

  // Reads until rest() has at least `wanted` bytes and at most twice as many, or the file ends.
  // Moves all that move_some() has not moved. Views of rest() are invalid afterwards.
  base::Result<void> fill(std::size_t wanted);
  // Moves up to `most` bytes of rest() to where so many can follow. True if there are more to move:
  // until then rest() must not be used.
  bool move_some(std::size_t wanted, std::size_t most);
  // Adds up to `most` bytes that were taken to the checksum. False if there are no more.
  bool sum_some(std::size_t most);
  // The checksum of everything that was taken and of the next bytes.
  std::uint64_t sum_with(std::size_t bytes);

 private:
  std::uint64_t useful(std::size_t wanted) const;
  void sum_taken() { sum_some(begin_); }

  // The memory of snapshots that are written does not count against maxmemory, but this does.
  using Bytes = std::vector<char, memory::Allocator<char, memory::Owner::runtime>>;

  RdbSource& source_;
  const bool sums_;
  const std::size_t least_;
  Bytes bytes_;
  Bytes larger_;  // where bytes are moved to, if bytes_ is too small for what is wanted
  std::size_t moved_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t summed_ = 0;   // position up to which crc_ goes
  std::uint64_t first_ = 0;  // position in the file of bytes_[0]
  std::uint64_t crc_ = 0;
  bool at_end_ = false;
};

}  // namespace larder::persistence
