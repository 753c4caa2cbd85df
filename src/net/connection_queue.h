#pragma once

// Connections that something has to be done with. A connection stores its place, so that it can
// leave at any time in constant time. All memory is charged to client_input.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "larder/memory/heap.h"

namespace larder::net {

class Connection;

using ConnectionVector =
    std::vector<Connection*, memory::Allocator<Connection*, memory::Owner::client_input>>;

// At the allocator's sizes.
inline std::size_t held_bytes(const ConnectionVector& vector) {
  return vector.capacity() == 0 ? 0 : memory::size_class(vector.capacity() * sizeof(Connection*));
}

// Connections to visit once, all of them in one step.
class ConnectionVisits {
 public:
  // The position of a connection, which stores it; kNowhere if it is not to be visited.
  using Place = std::uint32_t;
  static constexpr Place kNowhere = 0;

  void add(Connection& connection, Place& place) {
    if (place != kNowhere) return;
    connections_.push_back(&connection);
    place = static_cast<Place>(connections_.size());
  }
  void leave(Place& place) {
    if (place != kNowhere) connections_[place - 1] = nullptr;
    place = kNowhere;
  }

  // Calls visit(connection) for each, and for those that are added meanwhile. It must reset the
  // place.
  template <typename Visit>
  void visit_all(Visit&& visit) {
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      if (connections_[i] != nullptr) visit(*connections_[i]);
    }
    connections_.clear();
  }

  // May be false although all have left, until they are visited.
  bool empty() const { return connections_.empty(); }
  std::size_t held_bytes() const { return net::held_bytes(connections_); }

 private:
  ConnectionVector connections_;
};

// A queue, in the order in which they came, of which a step serves the first ones.
class ConnectionQueue {
 public:
  // The position of a connection, which stores it; kNowhere if it is in no queue.
  using Place = std::uint64_t;
  static constexpr Place kNowhere = 0;

  void join(Connection& connection, Place& place) {
    line_.push_back(&connection);
    place = left_ + line_.size();
  }
  void leave(Place& place) {
    if (place != kNowhere) line_[place - 1 - left_] = nullptr;
    place = kNowhere;
  }

  // The first connection, or null if the queue is empty. It stays in the queue until it leaves.
  Connection* first() {
    while (gone_ < line_.size() && line_[gone_] == nullptr) ++gone_;
    if (gone_ == line_.size() || gone_ >= kMostGone) forget_gone();
    return line_.empty() ? nullptr : line_[gone_];
  }

  // The place of the connection that joined last.
  Place last() const { return left_ + line_.size(); }

  // May be false although all have left, until first() is called.
  bool empty() const { return line_.empty(); }
  // An upper bound: connections that left before their turn count until it comes.
  std::size_t size() const { return line_.size() - gone_; }
  std::size_t held_bytes() const { return net::held_bytes(line_); }

 private:
  // The queue is compacted if this many have left, and at least as many as remain.
  static constexpr std::size_t kMostGone = 1024;

  void forget_gone() {
    if (gone_ < line_.size() - gone_) return;
    line_.erase(line_.begin(), line_.begin() + static_cast<std::ptrdiff_t>(gone_));
    left_ += gone_;
    gone_ = 0;
  }

  ConnectionVector line_;
  std::size_t gone_ = 0;    // at the front of line_
  std::uint64_t left_ = 0;  // before line_
};

}  // namespace larder::net
