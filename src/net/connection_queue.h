#pragma once

// A queue of connections, in the order in which they came. Any of them can leave at any time.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "larder/memory/heap.h"

namespace larder::net {

class Connection;

class ConnectionQueue {
 public:
  // The position of a connection, which stores it; kNowhere if it is in no queue.
  using Place = std::uint64_t;
  static constexpr Place kNowhere = 0;

  [[nodiscard]] Place join(Connection& connection) {
    line_.push_back(&connection);
    return left_ + line_.size();
  }
  void leave(Place place) { line_[place - 1 - left_] = nullptr; }

  // The first connection, or null if the queue is empty.
  Connection* first() {
    while (gone_ < line_.size() && line_[gone_] == nullptr) ++gone_;
    if (gone_ == line_.size() || gone_ >= kMostGone) forget_gone();
    return line_.empty() ? nullptr : line_[gone_];
  }
  // Removes the connection that first() returned.
  void advance() { line_[gone_++] = nullptr; }

  // May be false although all have left, until first() is called.
  bool empty() const { return line_.empty(); }
  // Charged to client_input, at the allocator's sizes.
  std::size_t held_bytes() const {
    return line_.capacity() == 0 ? 0 : memory::size_class(line_.capacity() * sizeof(Connection*));
  }

 private:
  // The queue is compacted if this many have left, and at least as many as remain.
  static constexpr std::size_t kMostGone = 1024;

  void forget_gone() {
    if (gone_ < line_.size() - gone_) return;
    line_.erase(line_.begin(), line_.begin() + static_cast<std::ptrdiff_t>(gone_));
    left_ += gone_;
    gone_ = 0;
  }

  std::vector<Connection*, memory::Allocator<Connection*, memory::Owner::client_input>> line_;
  std::size_t gone_ = 0;    // at the front of line_
  std::uint64_t left_ = 0;  // before line_
};

}  // namespace larder::net
