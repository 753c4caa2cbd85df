#include "connection_list.h"

#include "connection.h"

namespace larder::net {

void ConnectionList::add(Connection& connection) {
  connection.in_list.previous = last_;
  (last_ != nullptr ? last_->in_list.next : first_) = &connection;
  last_ = &connection;
  ++size_;
}

void ConnectionList::remove(Connection& connection) {
  const Slot& slot = connection.in_list;
  if (cursor_ == &connection) cursor_ = slot.next;
  (slot.previous != nullptr ? slot.previous->in_list.next : first_) = slot.next;
  (slot.next != nullptr ? slot.next->in_list.previous : last_) = slot.previous;
  --size_;
}

Connection* ConnectionList::next(const Connection& connection) { return connection.in_list.next; }

Connection* ConnectionList::next_in_circle(const Connection& connection) const {
  return connection.in_list.next != nullptr ? connection.in_list.next : first_;
}

Connection* ConnectionList::visit() {
  Connection* const visited = cursor();
  if (visited != nullptr) cursor_ = visited->in_list.next;
  return visited;
}

}  // namespace larder::net
