#include "../container_help.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/memory/pages.h"

namespace larder::commands {
namespace {

using namespace engine;

void memory_purge(Call& call) {
  const auto purged = memory::purge();
  if (!purged) return call.reply.error("ERR " + purged.error().text);
  call.reply.ok();
}

void memory_malloc_stats(Call& call) { call.reply.verbatim("txt", memory::allocator_report()); }

}  // namespace

std::span<const engine::Command> server_memory() {
  static constexpr Command kCommands[] = {
      {.name = "memory",
       .family = Family::server,
       .arity = at_least(2),
       .since = "4.0.0",
       .summary = "Commands about memory.",
       .complexity = "Depends on subcommand."},
      {.name = "memory help",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kLoading | kStale,
       .handler = Handler::of<container_help>(),
       .since = "4.0.0",
       .summary = "Lists the subcommands.",
       .complexity = "O(1)"},
      {.name = "memory malloc-stats",
       .family = Family::server,
       .arity = exactly(2),
       .handler = Handler::of<memory_malloc_stats>(),
       .since = "4.0.0",
       .summary = "Prints the allocator's own statistics.",
       .complexity = "Depends on how much memory is allocated, could be slow",
       .tips = "nondeterministic_output request_policy:all_shards response_policy:special"},
      {.name = "memory purge",
       .family = Family::server,
       .arity = exactly(2),
       .handler = Handler::of<memory_purge>(),
       .since = "4.0.0",
       .summary = "Returns unused pages to the system.",
       .complexity = "Depends on how much memory is allocated, could be slow",
       .tips = "request_policy:all_shards response_policy:all_succeeded"},
  };
  return kCommands;
}

}  // namespace larder::commands
