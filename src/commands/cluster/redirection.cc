// READONLY, READWRITE and ASKING, which clients of a cluster send before a command. A server that
// is not a node of a cluster returns an error.

#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

void refuse_redirection(Call& call) { call.reply.error(errors::kNoCluster); }

}  // namespace

std::span<const engine::Command> cluster_redirection() {
  static constexpr Command kCommands[] = {
      {.name = "asking",
       .family = Family::cluster,
       .arity = exactly(1),
       .flags = kFast,
       .categories = kConnection,
       .handler = Handler::of<refuse_redirection>(),
       .since = "3.0.0",
       .summary = "Allows the next command to use a slot that is migrating to this node.",
       .complexity = "O(1)"},
      {.name = "readonly",
       .family = Family::cluster,
       .arity = exactly(1),
       .flags = kFast | kLoading | kStale,
       .categories = kConnection,
       .handler = Handler::of<refuse_redirection>(),
       .since = "3.0.0",
       .summary = "Allows this connection to read from a replica of the cluster.",
       .complexity = "O(1)"},
      {.name = "readwrite",
       .family = Family::cluster,
       .arity = exactly(1),
       .flags = kFast | kLoading | kStale,
       .categories = kConnection,
       .handler = Handler::of<refuse_redirection>(),
       .since = "3.0.0",
       .summary = "Ends the effect of READONLY.",
       .complexity = "O(1)"},
  };
  return kCommands;
}

}  // namespace larder::commands
