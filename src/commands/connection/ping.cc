#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

void ping(Call& call) {
  if (call.size() > 2) {
    return call.reply.error("ERR wrong number of arguments for 'ping' command");
  }
  if (call.session.is_subscribed() && !call.reply.resp3()) {
    call.reply.array(2);
    call.reply.bulk("pong");
    return call.reply.bulk(call.size() == 1 ? std::string_view() : call.arg(1));
  }
  if (call.size() == 1) return call.reply.simple("PONG");
  call.reply.bulk(call.arg(1));
}

void echo(Call& call) { call.reply.bulk(call.arg(1)); }

}  // namespace

std::span<const engine::Command> connection_ping() {
  static constexpr Command kCommands[] = {
      {.name = "ping",
       .family = Family::connection,
       .arity = at_least(1),
       .flags = kLoading | kFast | kForSubscribers | kShowsDiskErrors,
       .handler = Handler::of<ping>(),
       .since = "1.0.0",
       .summary = "Returns PONG, or the message.",
       .complexity = "O(1)",
       .arguments = "message:string?",
       .tips = "request_policy:all_shards response_policy:all_succeeded"},
      {.name = "echo",
       .family = Family::connection,
       .arity = exactly(2),
       .flags = kLoading | kStale | kFast,
       .handler = Handler::of<echo>(),
       .since = "1.0.0",
       .summary = "Returns the message.",
       .complexity = "O(1)",
       .arguments = "message:string"},
  };
  return kCommands;
}

}  // namespace larder::commands
