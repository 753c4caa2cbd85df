#include "larder/base/log.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/persistence/journal.h"
#include "larder/replication/feed.h"

namespace larder::commands {
namespace {

using namespace engine;

void debug_loadaof(Call& call, persistence::Journal& journal, replication::Feed& feed,
                   base::Log& log, GateBoard& gates) {
  if ((gates.closed() & kLoadingGates) != 0) {
    return call.reply.error(errors::kLoading);
  }
  // Replicas have the same data before and afterwards.
  const replication::Feed::Paused paused(feed);
  const bool loaded = static_cast<bool>(journal.reload());
  call.suppress_effects();
  if (!loaded)
    return call.reply.error("ERR Error trying to load the AOF files, check server logs.");
  log.warning("Append Only File loaded by DEBUG LOADAOF");
  call.reply.ok();
}

}  // namespace

std::span<const engine::Command> server_debug_loadaof() {
  static constexpr Command kCommands[] = {
      {.name = "debug loadaof",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kAdmin | kNoScript | kLoading | kStale | kProtected,
       .handler = Handler::of<debug_loadaof>(),
       .since = "1.0.0",
       .summary = "Removes all data from memory and loads the append-only file.",
       .complexity = "O(N) where N is the total number of keys and commands in the file"},
  };
  return kCommands;
}

}  // namespace larder::commands
