#include "larder/base/log.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/persistence/background_saves.h"

namespace larder::commands {
namespace {

using namespace engine;

// False when an option is wrong, which has been answered.
bool read(Call& call, persistence::Reload& options) {
  ArgReader reader(call, 2);
  while (reader.more()) {
    if (reader.word("MERGE")) {
      options.merge = true;
    } else if (reader.word("NOFLUSH")) {
      options.flush = false;
    } else if (reader.word("NOSAVE")) {
      options.save = false;
    } else {
      reader.fail("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
    }
  }
  return !reader.failed();
}

void debug_reload(Call& call, persistence::Snapshots& snapshots,
                  persistence::BackgroundSaves& saves, base::Log& log, GateBoard& gates) {
  persistence::Reload options;
  if (!read(call, options)) return;
  if ((gates.closed() & kLoadingGates) != 0) {
    return call.reply.error(errors::kLoading);
  }
  // Followers have the same data before and afterwards.
  call.suppress_effects();
  saves.restart_save();
  if (!snapshots.reload(options)) {
    return call.reply.error("ERR Error trying to load the RDB dump, check server logs.");
  }
  log.warning("DB reloaded by DEBUG RELOAD");
  call.reply.ok();
}

}  // namespace

std::span<const engine::Command> server_debug_reload() {
  static constexpr Command kCommands[] = {
      {.name = "debug reload",
       .family = Family::server,
       .arity = at_least(2),
       .flags = kAdmin | kNoScript | kLoading | kStale | kProtected,
       .handler = Handler::of<debug_reload>(),
       .since = "1.0.0",
       .summary = "Saves all data to disk, removes it from memory and loads it again.",
       .complexity = "O(N) where N is the total number of keys in all databases",
       .arguments =
           "merge:pure-token@MERGE? noflush:pure-token@NOFLUSH? nosave:pure-token@NOSAVE?"},
  };
  return kCommands;
}

}  // namespace larder::commands
