#pragma once

// What the link to a primary needs to know of this server's sockets.

#include <string>

#include "larder/replication/replica.h"
#include "larder/server/configuration.h"

namespace larder::server {

class LinkPlace final : public replication::OwnPlace {
 public:
  explicit LinkPlace(const Configuration& configuration) : configuration_(configuration) {}

  int port() const override {
    return static_cast<int>(uses_tls() ? configuration_.tls.tls_port.value()
                                       : configuration_.net.listen.port.value());
  }
  std::string source() const override { return configuration_.net.listen.bind_source_addr.value(); }
  bool uses_tls() const override { return configuration_.tls.tls_replication.value(); }

 private:
  const Configuration& configuration_;
};

}  // namespace larder::server
