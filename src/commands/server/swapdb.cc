#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/keyspace/keyspace.h"

namespace larder::commands {
namespace {

using namespace engine;

void swapdb(Call& call, keyspace::Keyspace& keyspace) {
  ArgReader args(call, 1);
  const std::int64_t first = args.integer("ERR invalid first DB index");
  const std::int64_t second = args.integer("ERR invalid second DB index");
  if (args.failed()) return;
  const auto count = static_cast<std::int64_t>(keyspace.databases());
  if (first < 0 || first >= count || second < 0 || second >= count) {
    return call.reply.error(errors::kDbOutOfRange);
  }
  keyspace.swap(static_cast<std::size_t>(first), static_cast<std::size_t>(second));
  call.propagate({call.arg(0), call.arg(1), call.arg(2)});
  call.reply.ok();
}

}  // namespace

std::span<const engine::Command> server_swapdb() {
  static constexpr Command kCommands[] = {
      {.name = "swapdb",
       .family = Family::server,
       .arity = exactly(3),
       .flags = kWrites | kFast,
       .categories = kKeyspace | kDangerous,
       .handler = Handler::of<swapdb>(),
       .since = "4.0.0",
       .summary = "Exchanges the contents of two databases for all connections.",
       .complexity = "O(1)",
       .arguments = "index1:integer index2:integer"},
  };
  return kCommands;
}

}  // namespace larder::commands
