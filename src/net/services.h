#pragma once

// What connections use: the objects of the server, and the owners of everything that connections
// share. Each owner does one job and is the only one to change its state, including the part that
// it keeps in each connection (its `Slot`):
//
//   list       all connections, and the walk of the periodic work over them
//   reader     the shared read buffers; runs batches of requests
//   sender     the connections with output to send, or with something else to do at the end of the
//              turn
//   closer     the connections to be closed, the closed ones, and output that they left
//   memory     the budget of clients, their ranks, and the queue for room
//   handshakes the connections whose TLS handshake is in progress
//   accepting  the decision whether a new connection is served
//   check      the checks of each connection once a second
//   peaks      the largest input and output of the last seconds
//
// Only `reader` and `memory` run commands; their functions that do are named run_...

#include "accept_policy.h"
#include "closer.h"
#include "connection_list.h"
#include "handshakes.h"
#include "input_reader.h"
#include "larder/net/connections.h"
#include "larder/resp/reply_buffer.h"
#include "memory_gate.h"
#include "peaks.h"
#include "periodic_check.h"
#include "sender.h"

namespace larder::net {

struct Services {
  explicit Services(const Connections::Parts& objects);

  const Connections::Parts parts;
  const base::Clock& clock;
  resp::ChunkPool chunks;
  ConnectionList list;
  Peaks peaks;
  Sender sender;
  Closer closer;
  MemoryGate memory;
  InputReader reader;
  AcceptPolicy accepting;
  Handshakes handshakes;
  PeriodicCheck check;
  // The newest session when turns within the present turn began.
  std::uint64_t last_id_before = 0;
};

}  // namespace larder::net
