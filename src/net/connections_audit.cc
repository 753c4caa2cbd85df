#include "connection.h"
#include "connection_queue.h"
#include "handshakes.h"
#include "larder/memory/audit.h"
#include "larder/memory/heap.h"
#include "larder/net/connections.h"

namespace larder::net {

void Connection::report_bytes(memory::Audit& audit) const {
  const std::size_t input = memory::size_class(sizeof(Connection)) + input_.capacity() +
                            reader_.held_bytes() + session_.text_bytes() + queue_bytes() +
                            tls_bytes();
  audit.found(memory::Owner::client_input, static_cast<std::int64_t>(input));
  audit.found(memory::Owner::client_output,
              static_cast<std::int64_t>(output_.held_bytes() + session_.held_push_bytes()));
}

void Connections::report_bytes(memory::Audit& audit) const {
  for (const Connection* connection = first_; connection != nullptr;
       connection = connection->next_) {
    connection->report_bytes(audit);
  }
  for (const Connection* connection : dead_) connection->report_bytes(audit);
  std::size_t shared = read_ahead_->held_bytes();
  for (const List* list : {&dirty_, &stalled_, &leaving_, &dead_}) {
    if (list->capacity() > 0) shared += memory::size_class(list->capacity() * sizeof(Connection*));
  }
  shared += handshakes_->line.held_bytes() + pending_messages_->held_bytes() +
            memory_wait_queue_->held_bytes();
  audit.found(memory::Owner::client_input, static_cast<std::int64_t>(shared));
  audit.found(memory::Owner::client_output,
              static_cast<std::int64_t>(chunks_.free_bytes() + remains_.held_bytes()));
}

}  // namespace larder::net
