#pragma once

// Which clients debug their next script (SCRIPT DEBUG), and the processes in which such scripts
// run: with YES a forked one, whose changes are lost with it; with SYNC the server itself.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "larder/base/log.h"
#include "larder/engine/direct_sockets.h"
#include "larder/engine/session.h"

namespace larder::scripting {

enum class DebugMode : std::uint8_t { forked, synchronous };

class DebugSessions {
 public:
  DebugSessions(engine::Sessions& sessions, base::Log& log) : sessions_(sessions), log_(log) {}
  DebugSessions(const DebugSessions&) = delete;
  DebugSessions& operator=(const DebugSessions&) = delete;

  void talk_through(const engine::DirectSockets& sockets, int stop) {
    sockets_ = &sockets;
    stop_ = stop;
  }
  // Becomes readable when the server is to end.
  int stop_descriptor() const { return stop_; }
  // -1: the debugger cannot use this client's socket.
  int socket_of(const engine::Session& client) const {
    return sockets_ == nullptr ? -1 : sockets_->direct_socket(client);
  }

  // False if too many clients do.
  [[nodiscard]] bool enable(const engine::Session& client, DebugMode mode);
  void disable(const engine::Session& client);
  // Null if the client does not debug. Cost without such clients: one comparison.
  const DebugMode* mode_of(const engine::Session& client) const;

  // Forks. The child keeps of all sockets only the given one, and ends with the server.
  enum class Process : std::uint8_t { server, child, none };
  Process fork_with(int socket);
  bool has_room_for_child();

  // Collects the children that have ended.
  void reap();
  bool has_children() const { return !children_.empty(); }

  static constexpr std::size_t kMostClients = 64;
  static constexpr std::size_t kMostChildren = 16;

 private:
  struct Client {
    std::uint64_t id;
    DebugMode mode;
  };

  engine::Sessions& sessions_;
  base::Log& log_;
  const engine::DirectSockets* sockets_ = nullptr;
  int stop_ = -1;
  std::vector<Client> clients_;
  std::vector<pid_t> children_;
};

}  // namespace larder::scripting
