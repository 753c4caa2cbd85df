// REPLICAOF and its older name SLAVEOF.

#include <string>

#include "larder/base/clock.h"
#include "larder/base/log.h"
#include "larder/base/numbers.h"
#include "larder/base/text.h"
#include "larder/commands/client_line.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/replication/failover.h"
#include "larder/replication/replica.h"

namespace larder::commands {
namespace {

using namespace engine;

constexpr std::int64_t kMostPort = 65535;

std::string by_request_of(const Call& call, const base::Clock& clock) {
  return " enabled (user request from '" + client_line(call.session, clock) + "')";
}

void follow_nobody(Call& call, replication::Replica& replica, base::Log& log,
                   const base::Clock& clock) {
  if (replica.is_replica()) {
    replica.promote();
    log.notice("MASTER MODE" + by_request_of(call, clock));
  }
  call.reply.ok();
}

void replicaof(Call& call, replication::Replica& replica, replication::Failover& failover,
               base::Log& log, base::Clock& clock) {
  // It would end the session that runs it.
  if (call.session.peer().is_primary()) {
    return call.reply.error("ERR Command is not valid when client is the primary.");
  }
  if (failover.state() != replication::Failover::State::none) {
    return call.reply.error("ERR REPLICAOF not allowed while failing over.");
  }
  if (base::equals_ignoring_case(call.arg(1), "no") &&
      base::equals_ignoring_case(call.arg(2), "one")) {
    return follow_nobody(call, replica, log, clock);
  }
  const auto port = base::parse_int64(call.arg(2));
  if (!port || *port < 0 || *port > kMostPort) return call.reply.error("ERR Invalid master port");
  const std::string host(call.arg(1));
  if (!replica.follow(host, static_cast<int>(*port))) {
    log.notice(
        "REPLICAOF would result into synchronization with the master we are already connected "
        "with. No operation performed.");
    return call.reply.simple("OK Already connected to specified master");
  }
  log.notice("REPLICAOF " + host + ":" + std::to_string(*port) + by_request_of(call, clock));
  call.reply.ok();
}

constexpr std::string_view kPrimaryArguments =
    "args:oneof(host-port:block(host:string port:integer) "
    "no-one:block(no:pure-token@NO one:pure-token@ONE))";
constexpr std::uint32_t kReplicaofFlags = kAdmin | kNoScript | kStale | kNoAsyncLoading;

}  // namespace

std::span<const engine::Command> server_replicaof() {
  static constexpr Command kCommands[] = {
      {.name = "replicaof",
       .family = Family::server,
       .arity = exactly(3),
       .flags = kReplicaofFlags,
       .handler = Handler::of<replicaof>(),
       .since = "5.0.0",
       .summary = "Makes this server a replica of another one, or a primary.",
       .complexity = "O(1)",
       .arguments = kPrimaryArguments},
      {.name = "slaveof",
       .family = Family::server,
       .arity = exactly(3),
       .flags = kReplicaofFlags,
       .handler = Handler::of<replicaof>(),
       .since = "1.0.0",
       .summary = "Makes this server a replica of another one, or a primary.",
       .complexity = "O(1)",
       .arguments = kPrimaryArguments,
       .deprecated_since = "5.0.0",
       .replaced_by = "`REPLICAOF`"},
  };
  return kCommands;
}

}  // namespace larder::commands
