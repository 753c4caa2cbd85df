#pragma once

// Whether a new connection is served: not above maxclients, and while no password is required not
// if it comes from another machine (protected mode).

#include <cstddef>
#include <string_view>

#include "larder/engine/access_control.h"
#include "larder/net/listener.h"
#include "larder/net/metrics.h"
#include "larder/net/settings.h"

namespace larder::net {

class AcceptPolicy {
 public:
  AcceptPolicy(const Settings& settings, const engine::Credentials& credentials, Metrics& metrics)
      : settings_(settings), credentials_(credentials), metrics_(metrics) {}

  // If it is not served: sends the reason if possible, counts it, and closes it. With TLS nothing
  // can be sent before the handshake, so a connection from another machine is refused after it.
  bool refuses(int descriptor, Transport transport, std::size_t connections);
  // The error for a connection whose handshake has ended, empty if it is served.
  std::string_view error_after_handshake(int descriptor);

 private:
  bool is_unauthenticated_remote(int descriptor, Transport transport) const;

  const Settings& settings_;
  const engine::Credentials& credentials_;
  Metrics& metrics_;
};

}  // namespace larder::net
