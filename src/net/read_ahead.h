#pragma once

// Input of connections, split into requests and planned, but not run yet. While the next connection
// is read from its socket, the keys of the previous ones are fetched into the cache: a connection's
// first batch runs when two others have been read, or at the end of the turn.

#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include "larder/engine/executor.h"
#include "larder/resp/reader.h"
#include "larder/resp/request.h"

namespace larder::net {

class Connection;

// A read puts at most this much into a reading's room.
inline constexpr std::size_t kReadBytes = 64 * 1024;
// An unfinished request up to this long is copied to the front of the room; a longer one is
// received in its own buffer.
inline constexpr std::size_t kMostCopied = 8 * 1024;

struct Reading {
  Connection* connection = nullptr;  // null: empty, or it has been run
  std::span<const char> input;
  resp::Batch batch;
  resp::Parsed parsed;
  engine::Executor::Plan plan;
};

class ReadAhead {
 public:
  // The oldest reading, for new input; the caller must run what it contains first.
  Reading& next() {
    newest_ = (newest_ + 1) % kAhead;
    return read_ahead_[newest_];
  }
  // The one before the newest.
  Reading& before() { return read_ahead_[(newest_ + kAhead - 1) % kAhead]; }
  Reading& newest() { return read_ahead_[newest_]; }
  // The buffer of this reading.
  std::span<char> room(const Reading& reading) {
    const auto at = static_cast<std::size_t>(&reading - read_ahead_.data());
    return {rooms_.get() + at * kRoomBytes, kRoomBytes};
  }
  // For input that needs no room and is run at once.
  Reading& spare() { return spare_; }
  // The reading of this connection that has not been run, or null.
  Reading* of(const Connection& connection) {
    for (Reading& reading : read_ahead_) {
      if (reading.connection == &connection) return &reading;
    }
    return nullptr;
  }

  static constexpr std::size_t kAhead = 3;

  // The batches' bytes of client_input.
  std::size_t held_bytes() const {
    std::size_t bytes = spare_.batch.held_bytes();
    for (const Reading& reading : read_ahead_) bytes += reading.batch.held_bytes();
    return bytes;
  }

 private:
  static constexpr std::size_t kRoomBytes = kReadBytes + kMostCopied;

  std::array<Reading, kAhead> read_ahead_;
  Reading spare_;
  std::size_t newest_ = 0;
  std::unique_ptr<char[]> rooms_ = std::make_unique_for_overwrite<char[]>(kAhead * kRoomBytes);
};

}  // namespace larder::net
