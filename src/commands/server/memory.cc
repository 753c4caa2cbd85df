#include <algorithm>
#include <memory>

#include "../container_help.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/memory/pages.h"
#include "larder/memory/purger.h"

namespace larder::commands {
namespace {

using namespace engine;

// The unused pages of the page store that MEMORY PURGE has not returned yet: others that clients
// leave meanwhile do not count, so that it ends. Behind them come those of jemalloc, in another
// thread.
struct PurgeProgress final : Progress {
  explicit PurgeProgress(Call& call) : Progress(call.long_commands, call.reply.buffer().pool()) {}
  std::size_t bytes() const override { return memory::size_class(sizeof(PurgeProgress)); }

  std::uint64_t left = memory::read_pages().dirty_data;
  bool is_beside_data = false;
};

// The wait in one step, in which the server does nothing else.
constexpr std::int64_t kPurgeWaitUs = 100;

// True if nothing is left.
bool purge_some(PurgeProgress& progress, memory::Purger& purger) {
  if (progress.is_beside_data) return purger.wait(kPurgeWaitUs);
  const std::uint64_t bytes = memory::purge_some_data_pages();
  progress.left -= std::min(progress.left, bytes);
  if (bytes == 0 || progress.left == 0) {
    progress.is_beside_data = true;
    purger.start();
  }
  return false;
}

void memory_purge(Call& call, memory::Purger& purger) {
  auto progress = call.progress<PurgeProgress>();
  if (progress == nullptr) progress.reset(new PurgeProgress(call));
  while (!call.step_is_over()) {
    if (!purge_some(*progress, purger)) continue;
    if (const auto& purged = purger.result(); !purged) {
      return call.reply.error("ERR " + purged.error().text);
    }
    return call.reply.ok();
  }
  call.continue_later(std::move(progress));
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
