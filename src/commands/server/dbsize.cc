#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

void dbsize(Call& call) { call.reply.integer(static_cast<std::int64_t>(call.db.size())); }

}  // namespace

std::span<const engine::Command> server_dbsize() {
  static constexpr Command kCommands[] = {
      {.name = "dbsize",
       .family = Family::server,
       .arity = exactly(1),
       .flags = kReads | kFast,
       .categories = kKeyspace,
       .handler = Handler::of<dbsize>(),
       .since = "1.0.0",
       .summary = "Returns the number of keys in the connection's database.",
       .complexity = "O(1)",
       .tips = "request_policy:all_shards response_policy:agg_sum"},
  };
  return kCommands;
}

}  // namespace larder::commands
