#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/pubsub/hub.h"

namespace larder::commands {
namespace {

using namespace engine;
using pubsub::Hub;
using pubsub::Kind;

// A client that is subscribed to its own message gets it after the reply.
void publish_as(Call& call, Hub& hub, Kind kind) {
  const HeldPushes pushes(call.session);
  const std::size_t receivers = hub.publish(kind, call.arg(1), call.arg(2));
  if (call.effects.listened()) call.effects.replace(call.args, Reach::replicas);
  call.reply.integer(static_cast<std::int64_t>(receivers));
}

void publish(Call& call, Hub& hub) { publish_as(call, hub, Kind::channel); }
void spublish(Call& call, Hub& hub) { publish_as(call, hub, Kind::shard); }

constexpr std::uint32_t kPublishFlags = kPubSub | kLoading | kStale | kFast | kMayReplicate;

}  // namespace

std::span<const engine::Command> pubsub_publish() {
  static constexpr Command kCommands[] = {
      {.name = "publish",
       .family = Family::pubsub,
       .arity = exactly(3),
       .flags = kPublishFlags,
       .handler = Handler::of<publish>(),
       .since = "2.0.0",
       .summary = "Publishes a message to a channel.",
       .complexity = "O(N+M) where N is the number of listeners and M that of all patterns",
       .arguments = "channel:string message:string"},
      {.name = "spublish",
       .family = Family::pubsub,
       .arity = exactly(3),
       .flags = kPublishFlags,
       .keys = {KeySpec::one(1, kNotKey)},
       .handler = Handler::of<spublish>(),
       .since = "7.0.0",
       .summary = "Publishes a message to a sharded channel.",
       .complexity = "O(N) where N is the number of listeners",
       .arguments = "shardchannel:string message:string"},
  };
  return kCommands;
}

}  // namespace larder::commands
