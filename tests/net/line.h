#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <utility>

namespace larder::net {

// The client's end of a connection.
class Line {
 public:
  explicit Line(int socket) : socket_(socket) {}
  ~Line() { close(); }
  Line(Line&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  // Sends as many bytes as the socket accepts; returns how many.
  std::size_t write(std::string_view bytes) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent < 0 ? 0 : static_cast<std::size_t>(sent);
  }
  // The bytes received so far; sets `closed` at the end of the stream.
  std::string read() {
    std::string got(256 * 1024, '\0');
    const ssize_t size = ::recv(socket_, got.data(), got.size(), MSG_DONTWAIT);
    if (size == 0) closed = true;
    got.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return got;
  }
  void stop_writing() { ::shutdown(socket_, SHUT_WR); }
  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

  bool closed = false;

 private:
  int socket_;
};

}  // namespace larder::net
