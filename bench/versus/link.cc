#include "link.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <string>

namespace larder::versus {
namespace {

int open_socket(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    throw std::runtime_error("no connection to port " + std::to_string(port));
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

[[noreturn]] void fail() { throw std::runtime_error("the server closed a connection"); }

}  // namespace

// Reading ahead takes a reply and its frame with one call; without retries a session ticket is no
// reason to wait for more.
Tls::Tls() : context_(SSL_CTX_new(TLS_client_method())) {
  SSL_CTX_clear_mode(context_, SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_read_ahead(context_, 1);
}
Tls::~Tls() { SSL_CTX_free(context_); }

Link::Link(int port, const Tls* tls) : socket_(open_socket(port)) {
  if (tls == nullptr) return;
  ssl_ = SSL_new(tls->context_);
  SSL_set_fd(ssl_, socket_);
  if (SSL_connect(ssl_) != 1) throw std::runtime_error("no handshake with the server");
}

Link::~Link() {
  SSL_free(ssl_);
  ::close(socket_);
}

void Link::send(std::string_view bytes) {
  if (ssl_ != nullptr) {
    if (SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) <= 0) fail();
    return;
  }
  while (!bytes.empty()) {
    const ssize_t n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) fail();
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string_view Link::receive(std::span<char> room) {
  if (ssl_ == nullptr) {
    const ssize_t n = ::recv(socket_, room.data(), room.size(), 0);
    if (n <= 0) fail();
    return {room.data(), static_cast<std::size_t>(n)};
  }
  std::size_t size = 0;
  const int result = SSL_read_ex(ssl_, room.data(), room.size(), &size);
  if (result != 1 && SSL_get_error(ssl_, result) != SSL_ERROR_WANT_READ) fail();
  return {room.data(), size};
}

bool Link::has_more() const { return ssl_ != nullptr && SSL_has_pending(ssl_) != 0; }

}  // namespace larder::versus
