#include "larder/base/numbers.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/types/settings.h"

namespace larder::commands {
namespace {

using namespace engine;

// A little below 2^32, since nodes store their sizes in 32 bits.
constexpr std::uint64_t kMostThreshold = (std::uint64_t{1} << 32) - (std::uint64_t{1} << 20);

void debug_quicklist_packed_threshold(Call& call, types::Settings& settings) {
  const auto bytes = base::parse_bytes(call.arg(2));
  if (!bytes || *bytes > kMostThreshold) {
    return call.reply.error(
        "ERR argument must be a memory value bigger than 1 and smaller than 4gb");
  }
  settings.list_plain_from = static_cast<std::size_t>(*bytes);
  call.reply.ok();
}

}  // namespace

std::span<const engine::Command> server_debug_quicklist() {
  static constexpr Command kCommands[] = {
      {.name = "debug quicklist-packed-threshold",
       .family = Family::server,
       .arity = exactly(3),
       .flags = kAdmin | kNoScript | kLoading | kStale | kProtected,
       .handler = Handler::of<debug_quicklist_packed_threshold>(),
       .since = "7.0.0",
       .summary = "Sets the size from which list elements get a separate node; 0: those that are "
                  "too large for a node.",
       .complexity = "O(1)",
       .arguments = "size:string"},
  };
  return kCommands;
}

}  // namespace larder::commands
