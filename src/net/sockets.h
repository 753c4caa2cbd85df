#pragma once

// Sockets of the operating system: opening, options, addresses.

#include <cerrno>
#include <string>
#include <vector>

#include "larder/base/result.h"
#include "larder/net/listener.h"

namespace larder::net {

// An error of the operating system, and whether it only means that this machine has no such address
// or protocol.
struct SocketError {
  std::string text;  // "bind: Address already in use"
  int code = 0;
};

// Listening, non-blocking sockets for one address; a name may have several.
struct Opened {
  std::vector<int> descriptors;
  SocketError error;  // if there are no descriptors
};
Opened open_tcp_address(const std::string& address, const TcpPlace& place);
Opened open_unix_path(const UnixPlace& place);

void disable_delay(int descriptor);
// Sends keepalive probes after `seconds` of silence, then every third of that, three times; 0
// disables it.
void keep_alive(int descriptor, int seconds);

// Both buffers of the system get this size, of which the system uses twice as much, and stay so.
void set_buffers(int descriptor, int bytes);

// "ip:port", "[v6]:port" for the other end or this one; "path:0" for a Unix socket.
std::string peer_name(int descriptor);
std::string local_name(int descriptor);
// Whether the other end is on this machine.
bool is_loopback(int descriptor);

// An error of recv() or send() that only means: not now.
inline bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace larder::net
