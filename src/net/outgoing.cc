#include "larder/net/outgoing.h"

#include <utility>

#include "outgoing_socket.h"
#include "sockets.h"

namespace larder::net {

// The user's part of a connection.
class OutgoingWire final : public replication::Wire {
 public:
  OutgoingWire(Outgoing& owner, std::unique_ptr<OutgoingSocket> socket)
      : owner_(owner), socket_(std::move(socket)) {}
  ~OutgoingWire() override {
    socket_->close();
    owner_.retire(std::move(socket_));
  }

  std::ptrdiff_t receive(std::span<char> room) override { return socket_->receive(room); }
  void send(std::string_view bytes) override { socket_->send(bytes); }
  void pause() override { socket_->read(false); }
  void resume() override { socket_->read(true); }
  std::string address() const override { return peer_name(socket_->socket()); }
  std::string local_address() const override { return local_name(socket_->socket()); }
  int descriptor() const override { return socket_->socket(); }

 private:
  Outgoing& owner_;
  std::unique_ptr<OutgoingSocket> socket_;
};

Outgoing::Outgoing(Loop& loop, Tls& tls, disk::Worker& resolver)
    : loop_(loop), tls_(tls), resolver_(resolver) {}

Outgoing::~Outgoing() {
  loop_.cancel(*this);
  resolver_.finish();
}

std::unique_ptr<replication::Wire> Outgoing::dial(const replication::Destination& destination,
                                                  replication::WireUser& user) {
  auto socket = std::make_unique<OutgoingSocket>(*this, destination, user);
  open_.push_back(socket.get());
  beginning_.push_back(socket.get());
  loop_.start(*this, 1);
  return std::make_unique<OutgoingWire>(*this, std::move(socket));
}

void Outgoing::retire(std::unique_ptr<OutgoingSocket> socket) {
  retired_.push_back(std::move(socket));
  loop_.start(*this, 1);
}

void Outgoing::forget(OutgoingSocket& socket) {
  std::erase(open_, &socket);
  std::erase(beginning_, &socket);
  for (const auto& resolution : resolutions_) resolution->drop(socket);
}

// TLS allocates what a client's input is charged with.
void Outgoing::report_bytes(memory::Audit& audit) const {
  std::size_t bytes = 0;
  for (const OutgoingSocket* const socket : open_) bytes += socket->tls_bytes();
  audit.found(memory::Owner::client_input, static_cast<std::int64_t>(bytes));
}

// Timers run when the events of the turn are over.
std::int64_t Outgoing::on_time() {
  const auto retired = std::exchange(retired_, {});
  while (!beginning_.empty()) {
    OutgoingSocket* const socket = beginning_.front();
    beginning_.erase(beginning_.begin());
    socket->begin();
  }
  return 0;
}

}  // namespace larder::net
