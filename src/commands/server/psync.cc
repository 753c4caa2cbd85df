// PSYNC and SYNC: the session becomes a replica.

#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/replication/replicas.h"

namespace larder::commands {
namespace {

using namespace engine;

void psync(Call& call, replication::Replicas& replicas) {
  replicas.psync(call.session, call.arg(1), call.arg(2));
}

void sync(Call& call, replication::Replicas& replicas) { replicas.sync(call.session); }

constexpr std::uint32_t kFlags = kAdmin | kNoScript | kNoAsyncLoading | kNoMulti;

}  // namespace

std::span<const engine::Command> server_psync() {
  static constexpr Command kCommands[] = {
      {.name = "psync",
       .family = Family::server,
       .arity = at_least(3),
       .flags = kFlags,
       .handler = Handler::of<psync>(),
       .since = "2.8.0",
       .summary = "Makes the connection that of a replica, which continues from an offset.",
       .arguments = "replicationid:string offset:integer"},
      {.name = "sync",
       .family = Family::server,
       .arity = exactly(1),
       .flags = kFlags,
       .handler = Handler::of<sync>(),
       .since = "1.0.0",
       .summary = "Makes the connection that of a replica, which gets all data first."},
  };
  return kCommands;
}

}  // namespace larder::commands
