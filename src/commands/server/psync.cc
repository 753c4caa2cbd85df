// PSYNC and SYNC: the session becomes a replica.

#include <string>

#include "larder/base/clock.h"
#include "larder/base/log.h"
#include "larder/base/text.h"
#include "larder/commands/client_line.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/replication/history.h"
#include "larder/replication/replica.h"
#include "larder/replication/replicas.h"

namespace larder::commands {
namespace {

using namespace engine;

// The primary hands its role to this server, if that copies it. False if an error has been sent.
bool take_over(Call& call, replication::Replica& replica, const replication::History& history,
               base::Log& log, const base::Clock& clock) {
  log.warning("Failover request received for replid " + std::string(call.arg(1)) + ".");
  if (!replica.is_replica()) {
    return call.reply.error("ERR PSYNC FAILOVER can't be sent to a master."), false;
  }
  if (!base::equals_ignoring_case(call.arg(1), history.id())) {
    return call.reply.error("ERR PSYNC FAILOVER replid must match my replid."), false;
  }
  replica.promote();
  log.notice("MASTER MODE enabled (failover request from '" + client_line(call.session, clock) +
             "')");
  return true;
}

void psync(Call& call, replication::Replicas& replicas, replication::Replica& replica,
           replication::History& history, base::Clock& clock) {
  const bool is_failover = call.size() > 3 && base::equals_ignoring_case(call.arg(3), "failover");
  if (is_failover && !take_over(call, replica, history, replicas.log(), clock)) return;
  replicas.psync(call.session, call.arg(1), call.arg(2));
}

void sync(Call& call, replication::Replicas& replicas) { replicas.sync(call.session); }

constexpr std::uint32_t kPsyncFlags = kAdmin | kNoScript | kNoAsyncLoading | kNoMulti;

}  // namespace

std::span<const engine::Command> server_psync() {
  static constexpr Command kCommands[] = {
      {.name = "psync",
       .family = Family::server,
       .arity = at_least(3),
       .flags = kPsyncFlags,
       .handler = Handler::of<psync>(),
       .since = "2.8.0",
       .summary = "Makes the connection that of a replica, which continues from an offset.",
       .arguments = "replicationid:string offset:integer"},
      {.name = "sync",
       .family = Family::server,
       .arity = exactly(1),
       .flags = kPsyncFlags,
       .handler = Handler::of<sync>(),
       .since = "1.0.0",
       .summary = "Makes the connection that of a replica, which gets all data first."},
  };
  return kCommands;
}

}  // namespace larder::commands
