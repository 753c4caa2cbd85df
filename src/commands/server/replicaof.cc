// REPLICAOF of a server that is always a primary: replication is not implemented yet.

#include "larder/base/numbers.h"
#include "larder/base/text.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

constexpr std::int64_t kMostPort = 65535;

void replicaof(Call& call) {
  if (base::equals_ignoring_case(call.arg(1), "no") &&
      base::equals_ignoring_case(call.arg(2), "one")) {
    return call.reply.ok();
  }
  const auto port = base::parse_int64(call.arg(2));
  if (!port || *port < 0 || *port > kMostPort) return call.reply.error("ERR Invalid master port");
  call.reply.error("ERR Replication is not supported yet: this server can only be a primary");
}

constexpr std::string_view kArguments =
    "args:oneof(host-port:block(host:string port:integer) "
    "no-one:block(no:pure-token@NO one:pure-token@ONE))";
constexpr std::uint32_t kFlags = kAdmin | kNoScript | kStale | kNoAsyncLoading;

}  // namespace

std::span<const engine::Command> server_replicaof() {
  static constexpr Command kCommands[] = {
      {.name = "replicaof",
       .family = Family::server,
       .arity = exactly(3),
       .flags = kFlags,
       .handler = Handler::of<replicaof>(),
       .since = "5.0.0",
       .summary = "Accepts only NO ONE; replication is not supported yet.",
       .complexity = "O(1)",
       .arguments = kArguments},
      {.name = "slaveof",
       .family = Family::server,
       .arity = exactly(3),
       .flags = kFlags,
       .handler = Handler::of<replicaof>(),
       .since = "1.0.0",
       .summary = "Accepts only NO ONE; replication is not supported yet.",
       .complexity = "O(1)",
       .arguments = kArguments,
       .deprecated_since = "5.0.0",
       .replaced_by = "`REPLICAOF`"},
  };
  return kCommands;
}

}  // namespace larder::commands
