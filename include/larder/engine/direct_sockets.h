#pragma once

// The sockets of clients, for a subsystem that reads from and writes to one client directly while
// the event loop does not run (the debugger of scripts).

namespace larder::engine {

class Session;

class DirectSockets {
 public:
  // The socket of the connection of this client; -1 if what it carries is encrypted.
  virtual int direct_socket(const Session& session) const = 0;

 protected:
  ~DirectSockets() = default;
};

}  // namespace larder::engine
