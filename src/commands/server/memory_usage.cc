#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

// The size of each value is known exactly, so there is nothing to estimate, and SAMPLES is only
// checked.
void memory_usage(Call& call) {
  ArgReader options(call, 3);
  while (options.more()) {
    if (!options.option("SAMPLES") || options.integer() < 0) options.fail(errors::kSyntax);
  }
  if (options.failed()) return;
  const keyspace::Entry* entry = call.db.look(call.key, keyspace::Look::untouched);
  if (entry == nullptr) return call.reply.null();
  call.reply.integer(static_cast<std::int64_t>(call.db.memory_usage(*entry)));
}

}  // namespace

std::span<const engine::Command> server_memory_usage() {
  static constexpr Command kCommands[] = {
      {.name = "memory usage",
       .family = Family::server,
       .arity = at_least(3),
       .flags = kReads,
       .keys = {KeySpec::one(2, kRO)},
       .handler = Handler::of<memory_usage>(),
       .since = "4.0.0",
       .summary = "Returns the exact memory of a key: entry, value and table slots.",
       .complexity = "O(1)",
       .arguments = "key:key#0 count:integer@SAMPLES?"},
  };
  return kCommands;
}

}  // namespace larder::commands
