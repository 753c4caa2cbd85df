#pragma once

// A connection of the driver to the server, as it is or by TLS.

#include <memory>
#include <span>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace larder::versus {

// What connections by TLS share. Certificates are not checked.
class Tls {
 public:
  Tls();
  ~Tls();
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

 private:
  friend class Link;
  ssl_ctx_st* context_;
};

class Link {
 public:
  // On this machine. Without `tls` bytes go as they are.
  Link(int port, const Tls* tls);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  int descriptor() const { return socket_; }
  void send(std::string_view bytes);
  // What has come, at least a byte, if only for TLS itself, in which case nothing is given.
  std::string_view receive(std::span<char> room);
  // receive() has more without the socket's being readable.
  bool has_more() const;

 private:
  int socket_;
  ssl_st* ssl_ = nullptr;
};

}  // namespace larder::versus
