#include <optional>

#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/keyspace/keyspace.h"
#include "larder/keyspace/settings.h"
#include "larder/persistence/background_saves.h"

namespace larder::commands {
namespace {

using namespace engine;

// Without ASYNC the memory is freed before the client's next command; up to this time the command
// itself frees.
constexpr std::int64_t kFreeUs = 100;

// Nothing if an option is wrong; the error has been sent.
std::optional<keyspace::Freeing> read_freeing(Call& call, const keyspace::Settings& settings) {
  ArgReader options(call, 1);
  keyspace::Freeing freeing = settings.lazyfree_lazy_user_flush.value()
                                  ? keyspace::Freeing::lazily
                                  : keyspace::Freeing::plainly;
  if (options.word("SYNC")) {
    freeing = keyspace::Freeing::plainly;
  } else if (options.word("ASYNC")) {
    freeing = keyspace::Freeing::lazily;
  }
  if (options.more()) options.fail(errors::kSyntax);
  if (options.failed()) return std::nullopt;
  return freeing;
}

// It is propagated even if this server had nothing to remove.
void propagate_as_sent(Call& call) {
  call.size() == 1 ? call.propagate({call.arg(0)}) : call.propagate({call.arg(0), call.arg(1)});
}

void finish(Call& call, keyspace::Keyspace& keyspace, keyspace::Freeing freeing) {
  if (freeing == keyspace::Freeing::plainly &&
      !keyspace.graveyard().drain(base::Budget(keyspace.clock(), kFreeUs))) {
    // The rest is freed between the commands of other clients; the next command of this client
    // waits for it.
    call.waiters.for_frees().add(call.session);
  }
  propagate_as_sent(call);
  call.reply.ok();
}

void flushall(Call& call, keyspace::Keyspace& keyspace, keyspace::Settings& settings,
              persistence::BackgroundSaves& saves) {
  const auto freeing = read_freeing(call, settings);
  if (!freeing) return;
  keyspace.flush_all(*freeing);
  saves.data_flushed();
  finish(call, keyspace, *freeing);
}

void flushdb(Call& call, keyspace::Keyspace& keyspace, keyspace::Settings& settings) {
  const auto freeing = read_freeing(call, settings);
  if (!freeing) return;
  keyspace.flush(static_cast<std::size_t>(call.session.db), *freeing);
  finish(call, keyspace, *freeing);
}

constexpr std::string_view kFlushArguments =
    "flush-type:oneof?(async:pure-token@ASYNC sync:pure-token@SYNC)";
constexpr std::string_view kTips = "request_policy:all_shards response_policy:all_succeeded";

}  // namespace

std::span<const engine::Command> server_flushall() {
  static constexpr Command kCommands[] = {
      {.name = "flushall",
       .family = Family::server,
       .arity = at_least(1),
       .flags = kWrites,
       .categories = kKeyspace | kDangerous,
       .handler = Handler::of<flushall>(),
       .since = "1.0.0",
       .summary = "Removes all keys of all databases.",
       .complexity = "O(N) where N is the number of all keys; O(1) with ASYNC, the work being "
                     "done later",
       .arguments = kFlushArguments,
       .tips = kTips},
      {.name = "flushdb",
       .family = Family::server,
       .arity = at_least(1),
       .flags = kWrites,
       .categories = kKeyspace | kDangerous,
       .handler = Handler::of<flushdb>(),
       .since = "1.0.0",
       .summary = "Removes all keys of the connection's database.",
       .complexity = "O(N) where N is the number of its keys; O(1) with ASYNC, the work being "
                     "done later",
       .arguments = kFlushArguments,
       .tips = kTips},
  };
  return kCommands;
}

}  // namespace larder::commands
