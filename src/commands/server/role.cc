// ROLE

#include <array>
#include <string>
#include <vector>

#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/replication/history.h"
#include "larder/replication/replica.h"
#include "larder/replication/replicas.h"

namespace larder::commands {
namespace {

using namespace engine;

// In the order of LinkState.
constexpr std::array<std::string_view, 6> kStates = {"none",      "connect", "connecting",
                                                     "handshake", "sync",    "connected"};

void role_of_replica(Call& call, const replication::Replica& replica) {
  call.reply.array(5);
  call.reply.bulk("slave");
  call.reply.bulk(replica.host());
  call.reply.integer(replica.port());
  call.reply.bulk(kStates[static_cast<std::size_t>(replica.state())]);
  call.reply.integer(replica.offset());
}

void role(Call& call, replication::History& history, replication::Replica& replica,
          replication::Replicas& replicas) {
  if (replica.is_replica()) return role_of_replica(call, replica);
  call.reply.array(3);
  call.reply.bulk("master");
  call.reply.integer(history.offset());
  std::vector<const replication::Follower*> online;
  for (const replication::Follower* const each : replicas.all()) {
    if (each->is_online()) online.push_back(each);
  }
  call.reply.array(online.size());
  for (const replication::Follower* const each : online) {
    call.reply.array(3);
    call.reply.bulk(each->ip());
    call.reply.bulk(std::to_string(each->description.port));
    call.reply.bulk(std::to_string(each->acked()));
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
