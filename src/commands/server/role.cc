// ROLE

#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/replication/history.h"

namespace larder::commands {
namespace {

using namespace engine;

void role(Call& call, replication::History& history) {
  call.reply.array(3);
  call.reply.bulk("master");
  call.reply.integer(history.offset());
  call.reply.array(0);
}

}  // namespace

std::span<const engine::Command> server_role() {
  static constexpr Command kCommands[] = {
      {.name = "role",
       .family = Family::server,
       .arity = exactly(1),
       .flags = kNoScript | kLoading | kStale | kFast,
       .categories = kAdministers,
       .handler = Handler::of<role>(),
       .since = "2.8.12",
       .summary = "Returns the role of the server in replication.",
       .complexity = "O(1)"},
  };
  return kCommands;
}

}  // namespace larder::commands
