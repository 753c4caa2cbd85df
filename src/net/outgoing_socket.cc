#include "outgoing_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "sockets.h"

namespace larder::net {
namespace {

constexpr int kKeepAliveSeconds = 300;
// Bytes that were sent are dropped from the front of the buffer when they are so many.
constexpr std::size_t kMostSentKept = 64 * 1024;

int look_up(const std::string& host, int port, int flags, addrinfo*& found) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  return ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
}

}  // namespace

void Resolution::work() { problem_ = look_up(host_, port_, 0, found_); }

void Resolution::done() {
  OutgoingSocket* const socket = socket_;
  addrinfo* const found = std::exchange(found_, nullptr);
  const int problem = problem_;
  std::erase_if(owner_.resolutions_, [this](const auto& each) { return each.get() == this; });
  if (socket == nullptr) {
    if (found != nullptr) ::freeaddrinfo(found);
    return;
  }
  socket->resolved(problem == 0 ? found : nullptr, ::gai_strerror(problem));
}

void OutgoingSocket::begin() {
  if (state_ == State::closed) return;
  addrinfo* found = nullptr;
  if (look_up(destination_.host, destination_.port, AI_NUMERICHOST, found) == 0) {
    return resolved(found, {});
  }
  auto resolution = std::make_unique<Resolution>(owner_, *this, destination_);
  Resolution& task = *resolution;
  owner_.resolutions_.push_back(std::move(resolution));
  owner_.resolver_.post(task);
}

void OutgoingSocket::resolved(addrinfo* list, std::string_view reason) {
  if (list == nullptr) return fail(reason);
  addresses_.reset(list);
  next_address_ = list;
  connect_next();
}

void OutgoingSocket::connect_next() {
  while (next_address_ != nullptr) {
    const addrinfo& address = *next_address_;
    next_address_ = address.ai_next;
    if (connect_to(address)) return;
    problem_ = std::strerror(errno);
    close_socket();
  }
  fail(problem_);
}

bool OutgoingSocket::bind_source(int family) const {
  if (destination_.source.empty()) return true;
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST;
  addrinfo* found = nullptr;
  if (::getaddrinfo(destination_.source.c_str(), nullptr, &hints, &found) != 0) {
    errno = EADDRNOTAVAIL;
    return false;
  }
  const bool bound = ::bind(socket_, found->ai_addr, found->ai_addrlen) == 0;
  const int error = errno;
  ::freeaddrinfo(found);
  errno = error;
  return bound;
}

bool OutgoingSocket::connect_to(const addrinfo& address) {
  socket_ = ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ < 0 || !bind_source(address.ai_family)) return false;
  const int result = ::connect(socket_, address.ai_addr, address.ai_addrlen);
  if (result != 0 && errno != EINPROGRESS) return false;
  state_ = State::connecting;
  wait_for_events();
  return true;
}

void OutgoingSocket::on_ready(unsigned readiness) {
  switch (state_) {
    case State::connecting:
      return finish_connecting();
    case State::handshake:
      return continue_handshake();
    case State::open:
      break;
    default:
      return;
  }
  if ((readiness & kWritable) != 0 && !flush()) return;
  if ((readiness & kReadable) != 0 && reads_) user_.on_readable();
}

void OutgoingSocket::finish_connecting() {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) {
    problem_ = std::strerror(error);
    close_socket();
    return connect_next();
  }
  addresses_.reset();
  next_address_ = nullptr;
  disable_delay(socket_);
  keep_alive(socket_, kKeepAliveSeconds);
  destination_.tls ? begin_handshake() : opened();
}

void OutgoingSocket::begin_handshake() {
  state_ = State::handshake;
  if (!owner_.tls_.is_configured()) return fail("TLS is not configured");
  tls_.emplace(owner_.tls_, socket_, TlsLink::Side::client);
  continue_handshake();
}

void OutgoingSocket::continue_handshake() {
  switch (tls_->continue_handshake()) {
    case TlsLink::Step::wants_to_read:
      return owner_.loop_.change(*this, kReadable);
    case TlsLink::Step::wants_to_write:
      return owner_.loop_.change(*this, kWritable);
    case TlsLink::Step::done:
      return opened();
    case TlsLink::Step::failed:
      break;
  }
  fail(std::string(tls_->failure()));
}

void OutgoingSocket::opened() {
  state_ = State::open;
  wait_for_events();
  user_.on_connected();
}

void OutgoingSocket::wait_for_events() {
  unsigned interest = kNothing;
  if (state_ == State::connecting) interest = kWritable;
  if (state_ == State::open) {
    interest = (reads_ ? kReadable : kNothing) | (sent_ < unsent_.size() ? kWritable : kNothing);
  }
  if (is_watched_) return owner_.loop_.change(*this, interest);
  owner_.loop_.watch(socket_, interest, *this);
  is_watched_ = true;
}

std::ptrdiff_t OutgoingSocket::receive(std::span<char> room) {
  if (state_ != State::open) return state_ == State::closed ? -1 : 0;
  const ssize_t got =
      tls_ ? tls_->receive(room) : ::recv(socket_, room.data(), room.size(), MSG_DONTWAIT);
  if (got > 0) return got;
  return got < 0 && would_block(errno) ? 0 : -1;
}

void OutgoingSocket::send(std::string_view bytes) {
  if (state_ == State::closed) return;
  unsent_ += bytes;
  if (state_ == State::open && flush()) wait_for_events();
}

// False if the connection has failed.
bool OutgoingSocket::flush() {
  while (sent_ < unsent_.size()) {
    const std::string_view rest = std::string_view(unsent_).substr(sent_);
    const iovec piece{const_cast<char*>(rest.data()), rest.size()};
    const ssize_t sent = tls_ ? tls_->send({&piece, 1}, rest.size())
                              : ::send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && would_block(errno)) break;
    if (sent < 0) return fail(std::strerror(errno)), false;
    sent_ += static_cast<std::size_t>(sent);
  }
  if (sent_ == unsent_.size()) {
    std::string().swap(unsent_);
    sent_ = 0;
  } else if (sent_ > kMostSentKept) {
    unsent_.erase(0, std::exchange(sent_, 0));
  }
  wait_for_events();
  return true;
}

void OutgoingSocket::read(bool wanted) {
  if (reads_ == wanted) return;
  reads_ = wanted;
  if (state_ == State::open) wait_for_events();
}

void OutgoingSocket::fail(std::string_view reason) {
  const std::string kept(reason);
  close();
  user_.on_failed(kept);
}

void OutgoingSocket::close_socket() {
  if (socket_ < 0) return;
  if (is_watched_) owner_.loop_.forget(*this);
  is_watched_ = false;
  if (tls_) tls_->send_close_notify();
  tls_.reset();
  ::close(std::exchange(socket_, -1));
}

void OutgoingSocket::close() {
  if (state_ == State::closed) return;
  close_socket();
  state_ = State::closed;
  owner_.forget(*this);
}

}  // namespace larder::net
