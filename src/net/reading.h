#pragma once

// What connections sent, cut into requests and planned, but not run yet. While the next one is read
// from its socket the keys of those before it come into the cache: a connection's first batch runs
// when two others have been read, or at the end of the turn.

#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include "larder/engine/executor.h"
#include "larder/resp/reader.h"
#include "larder/resp/request.h"

namespace larder::net {

class Connection;

// A read takes at most this much into a reading's room.
inline constexpr std::size_t kReadBytes = 64 * 1024;
// An unfinished request up to this long is copied to the front of the room; a longer one is
// received where it stands.
inline constexpr std::size_t kMostCopied = 8 * 1024;

struct Reading {
  Connection* who = nullptr;  // null: nobody, or it has been run
  std::span<const char> input;
  resp::Batch batch;
  resp::Parsed parsed;
  engine::Executor::Plan plan;
};

class Readings {
 public:
  // The place for one more, whose turn it is to be run if somebody stands in it.
  Reading& next() {
    newest_ = (newest_ + 1) % kAhead;
    return readings_[newest_];
  }
  // The one before the newest.
  Reading& before() { return readings_[(newest_ + kAhead - 1) % kAhead]; }
  Reading& newest() { return readings_[newest_]; }
  // Of this reading's own.
  std::span<char> room(const Reading& reading) {
    const auto at = static_cast<std::size_t>(&reading - readings_.data());
    return {rooms_.get() + at * kRoomBytes, kRoomBytes};
  }
  // For those who need no room and are run at once.
  Reading& spare() { return spare_; }
  // What was read from this connection and has not been run, or null.
  Reading* of(const Connection& connection) {
    for (Reading& reading : readings_) {
      if (reading.who == &connection) return &reading;
    }
    return nullptr;
  }

  static constexpr std::size_t kAhead = 3;

  // What the batches keep of client_input.
  std::size_t held_bytes() const {
    std::size_t bytes = spare_.batch.held_bytes();
    for (const Reading& reading : readings_) bytes += reading.batch.held_bytes();
    return bytes;
  }

 private:
  static constexpr std::size_t kRoomBytes = kReadBytes + kMostCopied;

  std::array<Reading, kAhead> readings_;
  Reading spare_;
  std::size_t newest_ = 0;
  std::unique_ptr<char[]> rooms_ = std::make_unique_for_overwrite<char[]>(kAhead * kRoomBytes);
};

}  // namespace larder::net
