#include "larder/engine/credentials.h"

namespace larder::engine {

std::uint32_t closed_gates(const Settings& settings, const Peer& peer) {
  const auto debug = settings.enable_debug_command.as<Permission>();
  const bool allowed = debug == Permission::yes || (debug == Permission::local && peer.is_local());
  return allowed ? 0 : bit(Gate::debug);
}

}  // namespace larder::engine
