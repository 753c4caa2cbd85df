#pragma once

// One connection that this server opens: first the addresses of the name, then a socket to the
// first of them that answers, then TLS.

#include <netdb.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "larder/disk/worker.h"
#include "larder/net/outgoing.h"

namespace larder::net {

// The addresses of a host name; asked for in a thread, because the system waits for the answer.
class Resolution final : public disk::Task {
 public:
  Resolution(Outgoing& owner, OutgoingSocket& socket, const replication::Destination& destination)
      : owner_(owner), socket_(&socket), host_(destination.host), port_(destination.port) {}
  ~Resolution() override { ::freeaddrinfo(found_); }

  void work() override;
  void done() override;
  // The connection was closed meanwhile.
  void drop(const OutgoingSocket& socket) {
    if (socket_ == &socket) socket_ = nullptr;
  }

 private:
  Outgoing& owner_;
  OutgoingSocket* socket_;
  const std::string host_;
  const int port_;
  addrinfo* found_ = nullptr;
  int problem_ = 0;
};

class OutgoingSocket final : public Watch {
 public:
  OutgoingSocket(Outgoing& owner, const replication::Destination& destination,
                 replication::WireUser& user)
      : owner_(owner), destination_(destination), user_(user) {}
  ~OutgoingSocket() override { close(); }

  // Looks up the host: at once if it is an address.
  void begin();
  // `list` is taken over; null with a reason.
  void resolved(addrinfo* list, std::string_view reason);
  void close();

  std::ptrdiff_t receive(std::span<char> room);
  void send(std::string_view bytes);
  void read(bool wanted);
  int socket() const { return socket_; }
  std::size_t tls_bytes() const { return tls_ ? tls_->held_bytes() : 0; }

 private:
  enum class State : std::uint8_t { idle, connecting, handshake, open, closed };

  struct FreeAddresses {
    void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
  };

  void on_ready(unsigned readiness) override;
  // Tries the addresses from the next one on.
  void connect_next();
  bool connect_to(const addrinfo& address);
  bool bind_source(int family) const;
  void finish_connecting();
  void begin_handshake();
  void continue_handshake();
  void opened();
  bool flush();
  void wait_for_events();
  void fail(std::string_view reason);
  void close_socket();

  Outgoing& owner_;
  const replication::Destination destination_;
  replication::WireUser& user_;
  State state_ = State::idle;
  std::unique_ptr<addrinfo, FreeAddresses> addresses_;
  const addrinfo* next_address_ = nullptr;
  std::string problem_;  // of the last address
  int socket_ = -1;
  std::optional<TlsLink> tls_;
  std::string unsent_;
  std::size_t sent_ = 0;  // of unsent_
  bool reads_ = true;
  bool is_watched_ = false;
};

}  // namespace larder::net
