// A client makes some valid steps with the server's side of TLS. Then the bytes of the input are
// either sent instead of the next bytes, or change the next bytes (pairs of a position and a
// change); the first byte selects this. Nothing may leak, and a link that failed must have an error
// text.

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <string>
#include <string_view>

#include "larder/base/assert.h"
#include "larder/config/registry.h"
#include "larder/memory/ledger.h"
#include "larder/net/tls.h"
#include "tests/net/tls_client.h"

namespace larder::net {
namespace {

struct Server {
  Server() {
    std::signal(SIGPIPE, SIG_IGN);
    log.level(base::LogLevel::nothing);
    const Identity identity("fuzzed");
    identity.write(folder.path("crt"), folder.path("key"));
    settings.tls_cert_file.value(folder.path("crt"));
    settings.tls_key_file.value(folder.path("key"));
    settings.tls_ca_cert_file.value(folder.path("crt"));
    settings.tls_auth_clients.value(static_cast<int>(ClientCertificates::optional));
    const auto configured = tls.configure(settings);
    LARDER_ASSERT(configured);
  }

  base::Log log;
  Tls tls{log};
  Folder folder;
  config::Registry registry{"fuzz"};
  TlsSettings settings{registry};
};

struct Pair {
  Pair() {
    const int failed =
        ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data());
    LARDER_ASSERT(failed == 0);
  }
  std::array<int, 2> ends;
};

// Between the client, which has one end of `near`, and the server, which has one end of `far`.
class Wire {
 public:
  Wire(int near, int far) : near_(near), far_(far) {}
  ~Wire() {
    ::close(near_);
    ::close(far_);
  }
  std::string take_from_client() { return take(near_); }
  void to_server(std::string_view bytes) { give(far_, bytes); }
  void to_client() { give(near_, take(far_)); }

 private:
  static std::string take(int socket) {
    std::string bytes(64 * 1024, '\0');
    const ssize_t got = ::recv(socket, bytes.data(), bytes.size(), MSG_DONTWAIT);
    bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return bytes;
  }
  static void give(int socket, std::string_view bytes) {
    static_cast<void>(::send(socket, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
  }
  int near_;
  int far_;
};

// False when the link is over.
bool serve(TlsLink& link) {
  if (link.in_handshake()) {
    const bool goes_on = link.continue_handshake() != TlsLink::Step::failed;
    LARDER_ASSERT(goes_on || !link.failure().empty());
    return goes_on;
  }
  std::array<char, 4096> room;
  for (;;) {
    const ssize_t got = link.receive(room);
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return false;
    const iovec reply{room.data(), static_cast<std::size_t>(got)};
    if (link.send({&reply, 1}, reply.iov_len) < 0 && errno != EAGAIN) return false;
  }
}

void play(Server& server, std::uint8_t choice, std::string_view input) {
  Pair near;
  Pair far;
  Wire wire(near.ends[1], far.ends[1]);
  TlsClient client(near.ends[0], {.version = (choice & 1) != 0 ? TLS1_2_VERSION : TLS1_3_VERSION});
  {
    TlsLink link(server.tls, far.ends[0]);
    for (int steps = (choice >> 1) & 3; steps > 0; --steps) {
      if (client.continue_handshake()) client.write("PING\r\n");
      wire.to_server(wire.take_from_client());
      const bool goes_on = serve(link);
      LARDER_ASSERT(goes_on);
      wire.to_client();
    }
    bool goes_on = true;
    if ((choice & 8) != 0) {
      if (client.continue_handshake()) client.write("PING\r\n");
      std::string flight = wire.take_from_client();
      for (std::size_t i = 0; i + 2 < input.size() && !flight.empty(); i += 3) {
        const std::size_t place =
            static_cast<unsigned char>(input[i]) * 256u + static_cast<unsigned char>(input[i + 1]);
        flight[place % flight.size()] ^= input[i + 2];
      }
      wire.to_server(flight);
      goes_on = serve(link);
    } else {
      const std::size_t piece = 1 + (choice >> 4) * 16u;
      for (; !input.empty() && goes_on; input.remove_prefix(std::min(piece, input.size()))) {
        wire.to_server(input.substr(0, piece));
        goes_on = serve(link);
      }
    }
    if (goes_on) link.send_close_notify();
  }
  ::close(far.ends[0]);
}

}  // namespace
}  // namespace larder::net

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace larder;
  static net::Server server;
  if (size == 0) return 0;
  net::play(server, bytes[0], {reinterpret_cast<const char*>(bytes + 1), size - 1});
  LARDER_ASSERT(memory::balance(memory::Owner::client_input) == 0);
  return 0;
}
