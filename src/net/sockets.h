#pragma once

// Sockets as the operating system has them: opening, options, addresses.

#include <cerrno>
#include <string>
#include <vector>

#include "larder/base/result.h"
#include "larder/net/listener.h"

namespace larder::net {

// A failure of the operating system, and whether it only means that this machine has no such
// address or protocol.
struct SocketError {
  std::string text;  // "bind: Address already in use"
  int code = 0;
};

// Listening, non-blocking sockets for one address; a name may have several.
struct Opened {
  std::vector<int> descriptors;
  SocketError error;  // when there are none
};
Opened open_tcp_address(const std::string& address, const TcpPlace& place);
Opened open_unix_path(const UnixPlace& place);

void disable_delay(int descriptor);
// Probes after `seconds` of silence, then every third of that, three times; 0 turns it off.
void keep_alive(int descriptor, int seconds);

// "ip:port", "[v6]:port" for the other end or this one; "path:0" for a Unix socket.
std::string peer_name(int descriptor);
std::string local_name(int descriptor);
// Whether the other end is on this machine.
bool is_loopback(int descriptor);

// An error of recv() or send() that only says: not now.
inline bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace larder::net
