#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/persistence/snapshots.h"

namespace larder::commands {
namespace {

using namespace engine;

void save(Call& call, persistence::Snapshots& snapshots) {
  // The reason is in the log.
  if (!snapshots.save()) return call.reply.error("ERR");
  call.reply.ok();
}

}  // namespace

std::span<const engine::Command> server_save() {
  static constexpr Command kCommands[] = {
      {.name = "save",
       .family = Family::server,
       .arity = exactly(1),
       .flags = kAdmin | kNoScript | kNoAsyncLoading | kNoMulti,
       .handler = Handler::of<save>(),
       .since = "1.0.0",
       .summary = "Writes a snapshot of all data to disk, while nothing else is done.",
       .complexity = "O(N) where N is the total number of keys in all databases"},
  };
  return kCommands;
}

}  // namespace larder::commands
