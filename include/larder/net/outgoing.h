#pragma once

// Opens connections to other servers over the loop: names are resolved in a thread, connecting and
// the handshake of TLS never block.

#include <cstdint>
#include <memory>
#include <vector>

#include "larder/disk/worker.h"
#include "larder/memory/audit.h"
#include "larder/net/loop.h"
#include "larder/net/tls.h"
#include "larder/replication/wire.h"

namespace larder::net {

class OutgoingSocket;
class Resolution;

class Outgoing final : public replication::Dialer, public memory::AuditedOwner, private Timer {
 public:
  // `tls` must be configured before a destination with TLS is dialed.
  Outgoing(Loop& loop, Tls& tls, disk::Worker& resolver);
  // All connections must be closed.
  ~Outgoing() override;
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;

  std::unique_ptr<replication::Wire> dial(const replication::Destination& destination,
                                          replication::WireUser& user) override;

  void report_bytes(memory::Audit& audit) const override;

 private:
  friend class OutgoingSocket;
  friend class OutgoingWire;
  friend class Resolution;

  // The events of this turn may still refer to it.
  void retire(std::unique_ptr<OutgoingSocket> socket);
  void forget(OutgoingSocket& socket);
  std::int64_t on_time() override;

  Loop& loop_;
  Tls& tls_;
  disk::Worker& resolver_;
  std::vector<const OutgoingSocket*> open_;
  std::vector<std::unique_ptr<OutgoingSocket>> retired_;
  std::vector<OutgoingSocket*> beginning_;
  std::vector<std::unique_ptr<Resolution>> resolutions_;
};

}  // namespace larder::net
