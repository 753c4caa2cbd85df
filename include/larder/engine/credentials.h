#pragma once

// Who may come in: the password of the one user there is, and which gates a new session
// finds closed.

#include <cstdint>
#include <string_view>

#include "larder/engine/session.h"
#include "larder/engine/settings.h"

namespace larder::engine {

class Credentials {
 public:
  explicit Credentials(const Settings& settings) : settings_(settings) {}

  bool password_required() const { return !settings_.requirepass.value().empty(); }

  // Whether this user may log in with this password; any password does where none is
  // required. Takes as long for a wrong password as for the right one.
  bool accepts(std::string_view user, std::string_view password) const;

  // The gates that a session behind `peer` finds closed when it begins.
  std::uint32_t closed_gates(const Peer& peer) const;

 private:
  const Settings& settings_;
};

}  // namespace larder::engine
