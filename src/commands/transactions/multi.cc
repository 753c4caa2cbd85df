#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/engine/executor.h"
#include "larder/engine/transaction.h"

namespace larder::commands {
namespace {

using namespace engine;

void multi(Call& call) {
  if (Transaction::of(call.session) != nullptr) {
    return call.reply.error("ERR MULTI calls can not be nested");
  }
  Transaction::begin(call.session);
  call.reply.ok();
}

void exec(Call& call, Executor& executor) { executor.run_transaction(call); }

void discard(Call& call, WatchSet& watches) {
  if (Transaction::of(call.session) == nullptr) {
    return call.reply.error("ERR DISCARD without MULTI");
  }
  Transaction::end(call.session);
  watches.unwatch(call.session);
  call.reply.ok();
}

constexpr std::uint32_t kMultiFlags = kNoScript | kLoading | kStale;

}  // namespace

std::span<const engine::Command> transactions_multi() {
  static constexpr Command kCommands[] = {
      {.name = "multi",
       .family = Family::transactions,
       .arity = exactly(1),
       .flags = kMultiFlags | kFast | kAllowBusy | kNotQueued,
       .handler = Handler::of<multi>(),
       .since = "1.2.0",
       .summary = "Starts a transaction: the following commands are queued.",
       .complexity = "O(1)"},
      {.name = "exec",
       .family = Family::transactions,
       .arity = exactly(1),
       .flags = kMultiFlags | kSkipSlowlog | kRunsQueue,
       .handler = Handler::of<exec>(),
       .since = "1.2.0",
       .summary = "Runs the queued commands, without other commands in between.",
       .complexity = "That of the commands in the queue"},
      {.name = "discard",
       .family = Family::transactions,
       .arity = exactly(1),
       .flags = kMultiFlags | kFast | kAllowBusy | kNotQueued,
       .handler = Handler::of<discard>(),
       .since = "2.0.0",
       .summary = "Drops the queued commands.",
       .complexity = "O(N) where N is the number of commands in the queue"},
  };
  return kCommands;
}

}  // namespace larder::commands
