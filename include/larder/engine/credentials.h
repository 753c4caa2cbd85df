#pragma once

// The user of new sessions, for the network and for commands that reset a session.

#include <cstdint>

#include "larder/engine/session.h"
#include "larder/engine/settings.h"

namespace larder::engine {

class Credentials {
 public:
  virtual ~Credentials() = default;

  // Whether the user of new sessions has a password.
  virtual bool password_required() const = 0;

  // Puts the session into the state of a new connection: the default user, with the gates that are
  // closed for that user.
  virtual void admit(Session& session) const = 0;
};

// The gates that are closed for connections from there.
std::uint32_t closed_gates(const Settings& settings, const Peer& peer);

}  // namespace larder::engine
