#include "sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace larder::net {
namespace {

Opened failed(const char* call) {
  const int code = errno;
  return {{}, {std::string(call) + ": " + std::strerror(code), code}};
}

void switch_on(int descriptor, int level, int option, int value = 1) {
  ::setsockopt(descriptor, level, option, &value, sizeof value);
}

Opened failed_on(int descriptor, const char* call) {
  Opened result = failed(call);
  ::close(descriptor);
  return result;
}

// A socket that does not accept connections yet.
Opened bind_to(int family, const sockaddr* address, socklen_t size, int mark) {
  const int descriptor = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return failed("socket");
  if (family == AF_INET6) switch_on(descriptor, IPPROTO_IPV6, IPV6_V6ONLY);
  if (family != AF_UNIX) switch_on(descriptor, SOL_SOCKET, SO_REUSEADDR);
  if (mark != 0) switch_on(descriptor, SOL_SOCKET, SO_MARK, mark);
  if (::bind(descriptor, address, size) == 0) return {{descriptor}, {}};
  return failed_on(descriptor, "bind");
}

Opened listen_on(int family, const sockaddr* address, socklen_t size, const TcpPlace& place) {
  Opened bound = bind_to(family, address, size, place.mark);
  if (bound.descriptors.empty()) return bound;
  const int descriptor = bound.descriptors.front();
  return ::listen(descriptor, place.backlog) == 0 ? bound : failed_on(descriptor, "listen");
}

// Creates the file of a Unix socket with these permissions.
Opened bind_to_path(const sockaddr_un& address, unsigned mode) {
  const mode_t masked = mode == 0 ? 0 : ::umask(0777 & ~mode);
  Opened bound = bind_to(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address, 0);
  if (mode != 0) ::umask(masked);
  return bound;
}

// The printable address of one end of a socket.
std::string print(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "?";
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return std::string(text) + ":" + std::to_string(ntohs(v4.sin_port));
  }
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    return "[" + std::string(text) + "]:" + std::to_string(ntohs(v6.sin6_port));
  }
  return {};
}

std::string unix_path(int descriptor) {
  sockaddr_un address{};
  socklen_t size = sizeof address;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) return "?:0";
  return std::string(address.sun_path) + ":0";
}

}  // namespace

Opened open_tcp_address(const std::string& address, const TcpPlace& place) {
  addrinfo hints{};
  hints.ai_family = address.find(':') != std::string::npos ? AF_INET6 : AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  const bool any = address == "*" || address == "::*";
  addrinfo* found = nullptr;
  const int problem = ::getaddrinfo(any ? nullptr : address.c_str(),
                                    std::to_string(place.port).c_str(), &hints, &found);
  if (problem != 0)
    return {{}, {::gai_strerror(problem), problem == EAI_ADDRFAMILY ? EADDRNOTAVAIL : EINVAL}};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> list(found, ::freeaddrinfo);
  Opened result;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    result = listen_on(one->ai_family, one->ai_addr, one->ai_addrlen, place);
    if (!result.descriptors.empty()) return result;
  }
  return result;
}

Opened open_unix_path(const UnixPlace& place) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (place.path.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return failed("bind");
  }
  std::memcpy(address.sun_path, place.path.c_str(), place.path.size() + 1);
  ::unlink(place.path.c_str());
  Opened bound = bind_to_path(address, place.mode);
  if (bound.descriptors.empty()) return bound;
  const int descriptor = bound.descriptors.front();
  // If the folder has a default ACL, the umask is ignored.
  if (place.mode != 0 && ::chmod(place.path.c_str(), place.mode) != 0) {
    return failed_on(descriptor, "chmod");
  }
  return ::listen(descriptor, place.backlog) == 0 ? bound : failed_on(descriptor, "listen");
}

void disable_delay(int descriptor) { switch_on(descriptor, IPPROTO_TCP, TCP_NODELAY); }

void keep_alive(int descriptor, int seconds) {
  switch_on(descriptor, SOL_SOCKET, SO_KEEPALIVE, seconds > 0 ? 1 : 0);
  if (seconds <= 0) return;
  switch_on(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, seconds);
  switch_on(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, std::max(1, seconds / 3));
  switch_on(descriptor, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

void set_buffers(int descriptor, int bytes) {
  switch_on(descriptor, SOL_SOCKET, SO_SNDBUF, bytes);
  switch_on(descriptor, SOL_SOCKET, SO_RCVBUF, bytes);
}

std::string peer_name(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) return "?:0";
  return address.ss_family == AF_UNIX ? unix_path(descriptor) : print(address);
}

std::string local_name(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) return "?:0";
  return address.ss_family == AF_UNIX ? unix_path(descriptor) : print(address);
}

bool is_loopback(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) return false;
  if (address.ss_family == AF_INET) {
    return (ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr) >> 24) == 127;
  }
  if (address.ss_family != AF_INET6) return true;
  return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr) != 0;
}

}  // namespace larder::net
