#include "larder/engine/credentials.h"

#include <string>

namespace larder::engine {
namespace {

bool equal_in_constant_time(std::string_view given, std::string_view expected) {
  unsigned char difference = given.size() == expected.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char other = expected.empty() ? '\0' : expected[i % expected.size()];
    difference |= static_cast<unsigned char>(given[i] ^ other);
  }
  return difference == 0;
}

}  // namespace

bool Credentials::accepts(std::string_view user, std::string_view password) const {
  if (user != "default") return false;
  return !password_required() || equal_in_constant_time(password, settings_.requirepass.value());
}

std::uint32_t Credentials::closed_gates(const Peer& peer) const {
  std::uint32_t closed = password_required() ? bit(Gate::auth) : 0;
  const auto debug = settings_.enable_debug_command.as<Permission>();
  if (debug == Permission::no || (debug == Permission::local && !peer.is_local()))
    closed |= bit(Gate::debug);
  return closed;
}

}  // namespace larder::engine
