#pragma once

// A connection of the driver to the server, plain or with TLS.

#include <memory>
#include <span>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace larder::versus {

// Data that TLS connections share. Certificates are not checked.
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
  // Connects to this machine. Without `tls` bytes are sent unencrypted.
  Link(int port, const Tls* tls);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  int descriptor() const { return socket_; }
  void send(std::string_view bytes);
  // Waits for at least one byte and returns the bytes received; empty if they were for TLS itself.
  std::string_view receive(std::span<char> room);
  // Whether receive() has more bytes although the socket is not readable.
  bool has_more() const;

 private:
  int socket_;
  ssl_st* ssl_ = nullptr;
};

}  // namespace larder::versus
