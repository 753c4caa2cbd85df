#include "larder/config/registry.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/engine/host.h"

namespace larder::commands {
namespace {

using namespace engine;

void debug_config_rewrite(Call& call, config::Registry& registry, ConfigFile& file) {
  const auto done = registry.rewrite(file.path, config::Extent::all);
  if (!done) return call.reply.error(done.error().text);
  call.reply.ok();
}

}  // namespace

std::span<const engine::Command> server_debug_config() {
  static constexpr Command kCommands[] = {
      {.name = "debug config-rewrite-force-all",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kAdmin | kNoScript | kLoading | kStale | kProtected,
       .handler = Handler::of<debug_config_rewrite>(),
       .since = "7.0.0",
       .summary = "CONFIG REWRITE with every directive, those at their defaults too.",
       .complexity = "O(N) where N is the number of directives"},
  };
  return kCommands;
}

}  // namespace larder::commands
