#include <memory>
#include <utility>

#include "../container_help.h"
#include "larder/base/glob.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/pubsub/hub.h"

namespace larder::commands {
namespace {

using namespace engine;
using pubsub::Hub;
using pubsub::Kind;

// PUBSUB CHANNELS visits all channels, those of this many buckets between two readings of the
// clock.
constexpr int kBucketsInARow = 8;

struct TopicsSeen final : Progress {
  explicit TopicsSeen(Call& call) : Progress(call.long_commands, call.reply.buffer().pool()) {
    reply.bound(call.reply.buffer().left_of_bound());
  }
  std::size_t bytes() const override { return memory::size_class(sizeof(TopicsSeen)); }

  struct Place {
    std::uint64_t cursor = 0;
    std::uint64_t count = 0;
  };
  Place place;
};

// Those of one bucket.
void see_some(const Call& call, const Hub& hub, Kind kind, TopicsSeen& seen) {
  resp::Writer reply(seen.reply);
  reply.mute(call.reply.muted());
  seen.place.cursor = hub.scan_topics(kind, seen.place.cursor, [&](std::string_view name) {
    if (call.size() == 3 && !base::match_glob(call.arg(2), name)) return;
    reply.bulk(name);
    ++seen.place.count;
  });
}

void answer(Call& call, TopicsSeen& seen) {
  call.reply.array(seen.place.count);
  call.reply.take_over(seen.reply);
}

void list_topics(Call& call, const Hub& hub, Kind kind) {
  if (call.size() > 3) {
    return call.reply.error("ERR unknown subcommand or wrong number of arguments for '" +
                            std::string(call.arg(1)) + "'. Try PUBSUB HELP.");
  }
  std::unique_ptr<TopicsSeen> seen = call.progress<TopicsSeen>();
  if (seen == nullptr) seen.reset(new TopicsSeen(call));
  do {
    for (int i = 0; i < kBucketsInARow; ++i) {
      const TopicsSeen::Place before = seen->place;
      const std::uint64_t bytes = seen->reply.size();
      see_some(call, hub, kind, *seen);
      if (seen->reply.is_dropping()) {
        seen->place = before;
        return call.wait_for_memory(std::move(seen), bytes);
      }
      if (seen->place.cursor == 0) return answer(call, *seen);
    }
  } while (!call.step_is_over());
  call.continue_later(std::move(seen));
}

void count_subscribers(Call& call, const Hub& hub, Kind kind) {
  call.reply.array(2 * (call.size() - 2));
  for (const std::string_view name : call.args.subspan(2)) {
    call.reply.bulk(name);
    call.reply.integer(static_cast<std::int64_t>(hub.subscribers_of(kind, name)));
  }
}

void pubsub_channels(Call& call, Hub& hub) { list_topics(call, hub, Kind::channel); }
void pubsub_shardchannels(Call& call, Hub& hub) { list_topics(call, hub, Kind::shard); }
void pubsub_numsub(Call& call, Hub& hub) { count_subscribers(call, hub, Kind::channel); }
void pubsub_shardnumsub(Call& call, Hub& hub) { count_subscribers(call, hub, Kind::shard); }
void pubsub_numpat(Call& call, Hub& hub) {
  call.reply.integer(static_cast<std::int64_t>(hub.topics(Kind::pattern)));
}

constexpr std::uint32_t kPubsubFlags = kPubSub | kLoading | kStale;

}  // namespace

std::span<const engine::Command> pubsub_pubsub() {
  static constexpr Command kCommands[] = {
      {.name = "pubsub",
       .family = Family::pubsub,
       .arity = at_least(2),
       .flags = kContainer,
       .since = "2.8.0",
       .summary = "Returns channels, patterns and numbers of subscribers.",
       .complexity = "Depends on subcommand."},
      {.name = "pubsub channels",
       .family = Family::pubsub,
       .arity = at_least(2),
       .flags = kPubsubFlags,
       .only_shows = true,
       .handler = Handler::of<pubsub_channels>(),
       .since = "2.8.0",
       .summary = "Lists the channels that have subscribers.",
       .complexity = "O(N) where N is the number of channels",
       .arguments = "pattern:pattern?"},
      {.name = "pubsub numsub",
       .family = Family::pubsub,
       .arity = at_least(2),
       .flags = kPubsubFlags,
       .only_shows = true,
       .handler = Handler::of<pubsub_numsub>(),
       .since = "2.8.0",
       .summary = "Returns the numbers of subscribers of channels.",
       .complexity = "O(N) where N is the number of names",
       .arguments = "channel:string?*"},
      {.name = "pubsub numpat",
       .family = Family::pubsub,
       .arity = exactly(2),
       .flags = kPubsubFlags,
       .handler = Handler::of<pubsub_numpat>(),
       .since = "2.8.0",
       .summary = "Returns the number of patterns that have subscribers.",
       .complexity = "O(1)"},
      {.name = "pubsub shardchannels",
       .family = Family::pubsub,
       .arity = at_least(2),
       .flags = kPubsubFlags,
       .only_shows = true,
       .handler = Handler::of<pubsub_shardchannels>(),
       .since = "7.0.0",
       .summary = "Lists the sharded channels that have subscribers.",
       .complexity = "O(N) where N is the number of channels",
       .arguments = "pattern:pattern?"},
      {.name = "pubsub shardnumsub",
       .family = Family::pubsub,
       .arity = at_least(2),
       .flags = kPubsubFlags,
       .only_shows = true,
       .handler = Handler::of<pubsub_shardnumsub>(),
       .since = "7.0.0",
       .summary = "Returns the numbers of subscribers of sharded channels.",
       .complexity = "O(N) where N is the number of names",
       .arguments = "shardchannel:string?*"},
      {.name = "pubsub help",
       .family = Family::pubsub,
       .arity = exactly(2),
       .flags = kLoading | kStale,
       .handler = Handler::of<container_help>(),
       .since = "6.2.0",
       .summary = "Lists the subcommands.",
       .complexity = "O(1)"},
  };
  return kCommands;
}

}  // namespace larder::commands
