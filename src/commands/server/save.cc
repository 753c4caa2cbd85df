#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/engine/errors.h"
#include "larder/engine/transaction.h"
#include "larder/persistence/background_saves.h"

namespace larder::commands {
namespace {

using namespace engine;

constexpr std::string_view kAlready = "ERR Background save already in progress";
constexpr std::string_view kBusy =
    "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in "
    "order to schedule a BGSAVE whenever possible.";

// The reason of a failure is in the log.
constexpr std::string_view kFailed = "ERR";

void save(Call& call, persistence::BackgroundSaves& saves) {
  if (saves.is_saving()) return call.reply.error(kAlready);
  if (!saves.save_now()) return call.reply.error(kFailed);
  call.reply.ok();
}

void bgsave(Call& call, persistence::BackgroundSaves& saves) {
  using Saves = persistence::BackgroundSaves;
  ArgReader options(call, 1);
  const bool later = options.word("SCHEDULE");
  if (options.more()) options.fail(errors::kSyntax);
  if (options.failed()) return;
  const auto now_or_later = later ? Saves::When::later : Saves::When::now;
  const bool is_queued = Transaction::of(call.session) != nullptr;
  switch (saves.save(is_queued ? Saves::When::after_transaction : now_or_later)) {
    case Saves::Answer::started:
      return call.reply.simple("Background saving started");
    case Saves::Answer::scheduled:
      return call.reply.simple("Background saving scheduled");
    case Saves::Answer::already:
      return call.reply.error(kAlready);
    case Saves::Answer::busy:
      return call.reply.error(kBusy);
    case Saves::Answer::failed:
      break;
  }
  call.reply.error(kFailed);
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
      {.name = "bgsave",
       .family = Family::server,
       .arity = at_least(1),
       .flags = kAdmin | kNoScript | kNoAsyncLoading,
       .handler = Handler::of<bgsave>(),
       .since = "1.0.0",
       .summary = "Writes a snapshot of this moment to disk, while the server goes on.",
       .complexity = "O(1)",
       .arguments = "schedule:pure-token@SCHEDULE?"},
  };
  return kCommands;
}

}  // namespace larder::commands
