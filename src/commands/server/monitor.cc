#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/pubsub/monitors.h"

namespace larder::commands {
namespace {

using namespace engine;

// A client that monitors already gets no reply, nor does a replica.
void monitor(Call& call, pubsub::Monitors& monitors) {
  if (!call.session.may_block) {
    return call.reply.error("ERR MONITOR isn't allowed for DENY BLOCKING client");
  }
  if (call.session.is_replica) return;
  if (monitors.add(call.session)) call.reply.ok();
}

}  // namespace

std::span<const engine::Command> server_monitor() {
  static constexpr Command kCommands[] = {
      {.name = "monitor",
       .family = Family::server,
       .arity = exactly(1),
       .flags = kAdmin | kNoScript | kLoading | kStale,
       .handler = Handler::of<monitor>(),
       .since = "1.0.0",
       .summary = "Shows every command that is run from now on."},
  };
  return kCommands;
}

}  // namespace larder::commands
