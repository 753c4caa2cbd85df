// Commands of Redis 7.2 that do not exist yet. Configurations rename them and ACL rules name them,
// so their names must be known. Clients that call them get the error for unknown commands. When a
// command is implemented, its row here must be removed.

#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

constexpr Command absent(std::string_view name, Family family, Arity arity, std::uint32_t flags,
                         std::uint32_t categories = 0) {
  return {.name = name,
          .family = family,
          .arity = arity,
          .flags = flags | kAbsent,
          .categories = categories};
}

}  // namespace

std::span<const engine::Command> server_absent() {
  static constexpr Command kCommands[] = {
      absent("failover", Family::server, at_least(1), kAdmin | kNoScript | kStale),
      absent("migrate", Family::generic, at_least(6), kWrites | kMovableKeys,
             kKeyspace | kDangerous),
      absent("restore-asking", Family::server, at_least(4), kWrites | kGrows | kAsking,
             kKeyspace | kDangerous),
  };
  return kCommands;
}

}  // namespace larder::commands
