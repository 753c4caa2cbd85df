// FAILOVER

#include "larder/replication/failover.h"

#include <string>

#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;
using replication::Failover;

struct FailoverWords {
  Failover::Order order;
  bool has_target = false;
  bool has_timeout = false;
  bool aborts = false;
};

// False if an error has been sent.
bool read_failover(Call& call, FailoverWords& words) {
  ArgReader reader(call, 1);
  while (reader.more()) {
    if (!words.has_timeout && reader.option("TIMEOUT")) {
      words.order.timeout_ms = reader.integer();
      words.has_timeout = true;
      if (words.order.timeout_ms <= 0) reader.fail("ERR FAILOVER timeout must be greater than 0");
    } else if (!words.aborts && reader.word("ABORT")) {
      words.aborts = true;
    } else if (!words.has_target && reader.left() > 2 && reader.option("TO")) {
      words.order.host = reader.text();
      words.order.port = static_cast<int>(reader.integer());
      words.has_target = true;
    } else if (!words.order.forces && reader.word("FORCE")) {
      words.order.forces = true;
    } else {
      reader.fail(errors::kSyntax);
    }
  }
  return !reader.failed();
}

// The error that forbids the failover, or nothing.
std::string_view refusal_of(const FailoverWords& words, const Failover& failover,
                            const replication::Replicas& replicas,
                            const replication::Replica& replica) {
  if (failover.state() != Failover::State::none) return "ERR FAILOVER already in progress.";
  if (replica.is_replica()) return "ERR FAILOVER is not valid when server is a replica.";
  if (replicas.size() == 0) return "ERR FAILOVER requires connected replicas.";
  if (words.order.forces && (!words.has_timeout || !words.has_target)) {
    return "ERR FAILOVER with force option requires both a timeout and target HOST and IP.";
  }
  if (!words.has_target) return {};
  const replication::Follower* const target = failover.find(words.order.host, words.order.port);
  if (target == nullptr) return "ERR FAILOVER target HOST and PORT is not a replica.";
  if (!target->is_online()) return "ERR FAILOVER target replica is not online.";
  return {};
}

void failover(Call& call, Failover& failover, replication::Replicas& replicas,
              replication::Replica& replica) {
  FailoverWords words;
  if (!read_failover(call, words)) return;
  if (words.aborts) {
    if (call.size() > 2) return call.reply.error(errors::kSyntax);
    if (failover.state() == Failover::State::none) {
      return call.reply.error("ERR No failover in progress.");
    }
    failover.abort("Failover manually aborted");
    return call.reply.ok();
  }
  const std::string_view refusal = refusal_of(words, failover, replicas, replica);
  if (!refusal.empty()) return call.reply.error(refusal);
  failover.begin(words.order);
  call.reply.ok();
}

}  // namespace

std::span<const engine::Command> server_failover() {
  static constexpr Command kCommands[] = {
      {.name = "failover",
       .family = Family::server,
       .arity = at_least(1),
       .flags = kAdmin | kNoScript | kStale,
       .handler = Handler::of<failover>(),
       .since = "6.2.0",
       .summary = "Hands the role of the primary to a replica.",
       .complexity = "O(1)",
       .arguments = "target:block@TO?(host:string port:integer force:pure-token@FORCE?) "
                    "abort:pure-token@ABORT? milliseconds:integer@TIMEOUT?"},
  };
  return kCommands;
}

}  // namespace larder::commands
