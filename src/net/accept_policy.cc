#include "accept_policy.h"

#include <sys/socket.h>
#include <unistd.h>

#include "sockets.h"

namespace larder::net {
namespace {

constexpr std::string_view kTooMany = "-ERR max number of clients reached\r\n";

// Clients search for the first sentence.
constexpr std::string_view kProtected =
    "-DENIED Redis is running in protected mode because protected mode is enabled and no password "
    "is set for the default user. Until that changes only clients on the server's own machine are "
    "served. To let others in, set a password ('CONFIG SET requirepass ...'), or, if the network "
    "is a trusted one, turn the protection off ('CONFIG SET protected-mode no', the configuration "
    "file, or '--protected-mode no' at the start).\r\n";

// The error is sent without retrying: a refused connection gets no buffer.
void refuse(int descriptor, std::string_view reason) {
  [[maybe_unused]] const ssize_t sent =
      ::send(descriptor, reason.data(), reason.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::close(descriptor);
}

}  // namespace

bool AcceptPolicy::is_unauthenticated_remote(int descriptor, Transport transport) const {
  return transport != Transport::unix_socket && settings_.listen.protected_mode.value() &&
         !credentials_.password_required() && !is_loopback(descriptor);
}

bool AcceptPolicy::refuses(int descriptor, Transport transport, std::size_t connections) {
  const bool can_send_error = transport != Transport::tls;
  std::string_view reason;
  if (connections >= static_cast<std::size_t>(settings_.clients.maxclients.value())) {
    if (can_send_error) reason = kTooMany;
  } else if (can_send_error && is_unauthenticated_remote(descriptor, transport)) {
    reason = kProtected;
  } else {
    return false;
  }
  metrics_.rejected_connections += 1;
  refuse(descriptor, reason);
  return true;
}

std::string_view AcceptPolicy::error_after_handshake(int descriptor) {
  if (!is_unauthenticated_remote(descriptor, Transport::tls)) return {};
  metrics_.rejected_connections += 1;
  return kProtected;
}

}  // namespace larder::net
