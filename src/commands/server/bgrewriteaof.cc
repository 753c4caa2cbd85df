#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/persistence/journal.h"

namespace larder::commands {
namespace {

using namespace engine;

void bgrewriteaof(Call& call, persistence::Journal& journal) {
  using Answer = persistence::Journal::Answer;
  switch (journal.rewrite()) {
    case Answer::started:
      return call.reply.simple("Background append only file rewriting started");
    case Answer::scheduled:
      return call.reply.simple("Background append only file rewriting scheduled");
    case Answer::already:
      return call.reply.error("ERR Background append only file rewriting already in progress");
    case Answer::failed:
      return call.reply.error(
          "ERR Can't execute an AOF background rewriting. Please check the server logs for more "
          "information.");
  }
}

}  // namespace

std::span<const engine::Command> server_bgrewriteaof() {
  static constexpr Command kCommands[] = {
      {.name = "bgrewriteaof",
       .family = Family::server,
       .arity = exactly(1),
       .flags = kAdmin | kNoScript | kNoAsyncLoading,
       .handler = Handler::of<bgrewriteaof>(),
       .since = "1.0.0",
       .summary =
           "Writes the append-only file anew, with what the data are now, in the background.",
       .complexity = "O(1)"},
  };
  return kCommands;
}

}  // namespace larder::commands
