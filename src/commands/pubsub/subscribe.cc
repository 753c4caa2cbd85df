#include "larder/engine/command.h"
#include "subscriptions.h"

namespace larder::commands {
namespace {

using namespace engine;
using pubsub::Hub;
using pubsub::Kind;

void subscribe(Call& call, Hub& hub) { subscribe_to_all(call, hub, Kind::channel, "subscribe"); }
void psubscribe(Call& call, Hub& hub) { subscribe_to_all(call, hub, Kind::pattern, "psubscribe"); }
// Only SSUBSCRIBE is rejected in transactions.
void ssubscribe(Call& call, Hub& hub) {
  if (!call.session.may_block) {
    return call.reply.error("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client");
  }
  subscribe_to_all(call, hub, Kind::shard, "ssubscribe");
}
void unsubscribe(Call& call, Hub& hub) {
  unsubscribe_from_all(call, hub, Kind::channel, "unsubscribe");
}
void punsubscribe(Call& call, Hub& hub) {
  unsubscribe_from_all(call, hub, Kind::pattern, "punsubscribe");
}
void sunsubscribe(Call& call, Hub& hub) {
  unsubscribe_from_all(call, hub, Kind::shard, "sunsubscribe");
}

constexpr std::uint32_t kSubscribeFlags = kPubSub | kNoScript | kLoading | kStale | kForSubscribers;
constexpr KeySpecs kShardChannels = {KeySpec::range(1, -1, 1, kNotKey)};
constexpr std::string_view kToBegin = "O(N) where N is the number of names";
constexpr std::string_view kToEnd = "O(N) where N is the number of names that are ended";

}  // namespace

std::span<const engine::Command> pubsub_subscribe() {
  static constexpr Command kCommands[] = {
      {.name = "subscribe",
       .family = Family::pubsub,
       .arity = at_least(2),
       .flags = kSubscribeFlags,
       .handler = Handler::of<subscribe>(),
       .since = "2.0.0",
       .summary = "Subscribes to channels.",
       .complexity = kToBegin,
       .arguments = "channel:string*"},
      {.name = "unsubscribe",
       .family = Family::pubsub,
       .arity = at_least(1),
       .flags = kSubscribeFlags,
       .handler = Handler::of<unsubscribe>(),
       .since = "2.0.0",
       .summary = "Unsubscribes from channels, or from all.",
       .complexity = kToEnd,
       .arguments = "channel:string?*"},
      {.name = "psubscribe",
       .family = Family::pubsub,
       .arity = at_least(2),
       .flags = kSubscribeFlags,
       .handler = Handler::of<psubscribe>(),
       .since = "2.0.0",
       .summary = "Subscribes to the channels whose names match patterns.",
       .complexity = kToBegin,
       .arguments = "pattern:pattern*"},
      {.name = "punsubscribe",
       .family = Family::pubsub,
       .arity = at_least(1),
       .flags = kSubscribeFlags,
       .handler = Handler::of<punsubscribe>(),
       .since = "2.0.0",
       .summary = "Unsubscribes from patterns, or from all.",
       .complexity = kToEnd,
       .arguments = "pattern:pattern?*"},
      {.name = "ssubscribe",
       .family = Family::pubsub,
       .arity = at_least(2),
       .flags = kSubscribeFlags,
       .keys = kShardChannels,
       .handler = Handler::of<ssubscribe>(),
       .since = "7.0.0",
       .summary = "Subscribes to sharded channels.",
       .complexity = kToBegin,
       .arguments = "shardchannel:string*"},
      {.name = "sunsubscribe",
       .family = Family::pubsub,
       .arity = at_least(1),
       .flags = kSubscribeFlags,
       .keys = kShardChannels,
       .handler = Handler::of<sunsubscribe>(),
       .since = "7.0.0",
       .summary = "Unsubscribes from sharded channels, or from all.",
       .complexity = kToEnd,
       .arguments = "shardchannel:string?*"},
  };
  return kCommands;
}

}  // namespace larder::commands
