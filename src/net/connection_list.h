#pragma once

// All connections, in the order in which they were accepted, with a walk that visits them in a
// circle.

#include <cstddef>

namespace larder::net {

class Connection;

class ConnectionList {
 public:
  // What each connection stores for the list.
  struct Slot {
    Connection* previous = nullptr;
    Connection* next = nullptr;
  };

  void add(Connection& connection);
  void remove(Connection& connection);

  std::size_t size() const { return size_; }
  Connection* first() const { return first_; }
  static Connection* next(const Connection& connection);
  // The one after it, or the first after the last.
  Connection* next_in_circle(const Connection& connection) const;

  // The connection that the walk visits next; null if there is none.
  Connection* cursor() const { return cursor_ != nullptr ? cursor_ : first_; }
  // Returns it and goes on to the one after it.
  Connection* visit();

 private:
  Connection* first_ = nullptr;
  Connection* last_ = nullptr;
  Connection* cursor_ = nullptr;  // null: the first
  std::size_t size_ = 0;
};

}  // namespace larder::net
