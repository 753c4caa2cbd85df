// ROLE

#include <string>
#include <vector>

#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/replication/history.h"
#include "larder/replication/replicas.h"

namespace larder::commands {
namespace {

using namespace engine;

void role(Call& call, replication::History& history, replication::Replicas& replicas) {
  call.reply.array(3);
  call.reply.bulk("master");
  call.reply.integer(history.offset());
  std::vector<const replication::Follower*> online;
  for (const replication::Follower* const replica : replicas.all()) {
    if (replica->is_online()) online.push_back(replica);
  }
  call.reply.array(online.size());
  for (const replication::Follower* const replica : online) {
    call.reply.array(3);
    call.reply.bulk(replica->ip());
    call.reply.bulk(std::to_string(replica->description.port));
    call.reply.bulk(std::to_string(replica->acked()));
  }
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
