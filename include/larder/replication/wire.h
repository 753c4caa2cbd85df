#pragma once

// Connections to other servers that this server opens: to its primary, and for MIGRATE. The room
// `net` implements them over its loop; tests replace them. Nothing here ever waits.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace larder::replication {

struct Destination {
  std::string host;  // a name or an address
  int port = 0;
  std::string source;  // the local address to connect from; empty: any
  bool tls = false;
};

// What a connection tells its user. Each function may destroy the connection.
class WireUser {
 public:
  // The connection is there: bytes can be sent.
  virtual void on_connected() = 0;
  // receive() has bytes, or the end.
  virtual void on_readable() = 0;
  // It could not be opened, or cannot send. Nothing is called after this.
  virtual void on_failed(std::string_view reason) = 0;

 protected:
  ~WireUser() = default;
};

// One connection; its destruction closes it at once.
class Wire {
 public:
  Wire() = default;
  virtual ~Wire() = default;
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // Bytes that have arrived, at most as many as there is room for; 0: none now; -1: the other end
  // has closed, or the connection failed.
  virtual std::ptrdiff_t receive(std::span<char> room) = 0;
  // Sends a copy of the bytes, now or when the other end takes them.
  virtual void send(std::string_view bytes) = 0;
  // Whether on_readable() is called. While it is not, the other end is slowed down.
  virtual void pause() = 0;
  virtual void resume() = 0;

  // "127.0.0.1:6379", the other end and this one; "?:0" while there is no connection.
  virtual std::string address() const = 0;
  virtual std::string local_address() const = 0;
  virtual int descriptor() const = 0;
};

class Dialer {
 public:
  // Begins to connect. The answer, even a failure, comes from a later turn of the loop.
  virtual std::unique_ptr<Wire> dial(const Destination& destination, WireUser& user) = 0;

 protected:
  ~Dialer() = default;
};

}  // namespace larder::replication
