#include "../staged_keys.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "string_reply.h"

namespace larder::commands {
namespace {

using namespace engine;

void mget(Call& call) {
  call.reply.array(call.size() - 1);
  for_each_key(call, 1, 1, [&call](const keyspace::Key& key, std::size_t) {
    if (call.reply.drops()) return;
    const auto value = call.db.find<types::String>(key);
    if (value) {
      reply_string(call.reply, *value);
    } else {
      call.reply.null();
    }
  });
}

}  // namespace

std::span<const engine::Command> string_mget() {
  static constexpr Command kCommands[] = {
      {.name = "mget",
       .family = Family::string,
       .arity = at_least(2),
       .flags = kReads | kFast,
       .keys = {KeySpec::range(1, -1, 1, kRO | kAccess)},
       .handler = Handler::of<mget>(),
       .since = "1.0.0",
       .summary = "Returns the strings stored at several keys.",
       .complexity = "O(N) for N keys",
       .arguments = "key:key#0*",
       .tips = "request_policy:multi_shard"},
  };
  return kCommands;
}

}  // namespace larder::commands
