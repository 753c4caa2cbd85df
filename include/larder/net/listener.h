#pragma once

// Listening sockets for TCP and TLS (IPv4, IPv6, several addresses) and for a Unix socket.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "larder/base/log.h"
#include "larder/base/result.h"
#include "larder/net/loop.h"

namespace larder::net {

enum class Transport : std::uint8_t { tcp, unix_socket, tls };

// Receives accepted connections.
class Host {
 public:
  // Owns `descriptor`, a non-blocking socket, from now on.
  virtual void on_accepted(int descriptor, Transport transport) = 0;

 protected:
  ~Host() = default;
};

// Where to listen for TCP or TLS. An address may be "*" (any IPv4), "::*" (any IPv6), a name or a
// number; with "-" in front its failure is ignored.
struct TcpPlace {
  std::vector<std::string> addresses;
  int port = 0;  // 0: none
  int backlog = 511;
  int mark = 0;  // SO_MARK; 0: none
};

struct UnixPlace {
  std::string path;   // empty: none
  unsigned mode = 0;  // permissions; 0: according to umask
  int backlog = 511;
};

class Listeners {
 public:
  Listeners(Loop& loop, Host& host, base::Log& log);
  ~Listeners();
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;

  // Opens sockets at this address instead of the previous one. On failure the previous address is
  // opened again, and the log names the address that failed.
  base::Result<void> listen_tcp(const TcpPlace& place) { return move(tcp_, place); }
  base::Result<void> listen_tls(const TcpPlace& place) { return move(tls_, place); }
  base::Result<void> listen_unix(const UnixPlace& place);

  // Starts to accept on sockets that are open and on those that will be opened.
  void open();
  void close_tcp();  // TLS too
  void close_unix();

  bool has_tcp() const { return !tcp_.doors.empty(); }
  bool has_tls() const { return !tls_.doors.empty(); }
  bool has_unix() const { return unix_ != nullptr; }
  // INFO's listener lines: "listener0:name=tcp,bind=127.0.0.1,port=6379\r\n".
  std::string describe() const;

 private:
  class ListeningSocket;
  struct ListeningSockets {
    explicit ListeningSockets(Transport by);
    ~ListeningSockets();

    Transport transport;
    TcpPlace place;
    std::vector<std::unique_ptr<ListeningSocket>> doors;
  };

  base::Result<void> move(ListeningSockets& side, const TcpPlace& place);
  base::Result<std::vector<int>> open_tcp(const TcpPlace& place);

  Loop& loop_;
  Host& host_;
  base::Log& log_;
  ListeningSockets tcp_{Transport::tcp};
  ListeningSockets tls_{Transport::tls};
  std::unique_ptr<ListeningSocket> unix_;
  UnixPlace unix_place_;
  bool open_ = false;
};

// Checks how the kernel will limit a backlog: warns if net.core.somaxconn is lower.
void warn_of_short_backlog(base::Log& log, int backlog);

}  // namespace larder::net
