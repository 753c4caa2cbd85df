#pragma once

// Who may come in, as the network and commands that begin a session anew ask it.

#include <cstdint>

#include "larder/engine/session.h"
#include "larder/engine/settings.h"

namespace larder::engine {

class Credentials {
 public:
  virtual ~Credentials() = default;

  // Whether the user that new sessions act as has a password.
  virtual bool password_required() const = 0;

  // Makes the session one that has just come: the default user's, with the gates that are closed
  // for it.
  virtual void admit(Session& session) const = 0;
};

// The gates that are closed for whoever comes from there.
std::uint32_t closed_gates(const Settings& settings, const Peer& peer);

}  // namespace larder::engine
