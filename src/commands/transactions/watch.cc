#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/engine/transaction.h"
#include "larder/engine/watch_set.h"

namespace larder::commands {
namespace {

using namespace engine;

void watch(Call& call, WatchSet& watches) {
  if (Transaction::of(call.session) != nullptr) {
    return call.reply.error("ERR WATCH inside MULTI is not allowed");
  }
  const resp::Args keys = call.args.subspan(1);
  std::uint64_t key_bytes = 0;
  for (const std::string_view key : keys) key_bytes += key.size();
  if (!call.session.may_hold(keys.size(), key_bytes)) return;
  for (const std::string_view key : keys) watches.watch(call.session, key);
  call.reply.ok();
}

void unwatch(Call& call, WatchSet& watches) {
  watches.unwatch(call.session);
  call.reply.ok();
}

constexpr std::uint32_t kWatchFlags = kNoScript | kLoading | kStale | kFast | kAllowBusy;

}  // namespace

std::span<const engine::Command> transactions_watch() {
  static constexpr Command kCommands[] = {
      {.name = "watch",
       .family = Family::transactions,
       .arity = at_least(2),
       .flags = kWatchFlags | kNotQueued,
       .keys = {KeySpec::range(1, -1, 1, kRO)},
       .handler = Handler::of<watch>(),
       .since = "2.2.0",
       .summary = "The next EXEC runs nothing if one of the keys has changed by then.",
       .complexity = "O(N) where N is the number of keys",
       .arguments = "key:key#0*"},
      {.name = "unwatch",
       .family = Family::transactions,
       .arity = exactly(1),
       .flags = kWatchFlags,
       .handler = Handler::of<unwatch>(),
       .since = "2.2.0",
       .summary = "Stops watching all keys.",
       .complexity = "O(N) where N is the number of watched keys"},
  };
  return kCommands;
}

}  // namespace larder::commands
