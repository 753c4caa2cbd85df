#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/keyspace/keyspace.h"

namespace larder::commands {
namespace {

using namespace engine;

void select(Call& call, keyspace::Keyspace& keyspace) {
  ArgReader args(call, 1);
  const int index = args.small_integer();
  if (args.failed()) return;
  if (index < 0 || static_cast<std::size_t>(index) >= keyspace.databases()) {
    return call.reply.error(errors::kDbOutOfRange);
  }
  call.session.db = index;
  call.reply.ok();
}

}  // namespace

std::span<const engine::Command> connection_select() {
  static constexpr Command kCommands[] = {
      {.name = "select",
       .family = Family::connection,
       .arity = exactly(2),
       .flags = kLoading | kStale | kFast,
       .handler = Handler::of<select>(),
       .since = "1.0.0",
       .summary = "Selects the database of the connection.",
       .complexity = "O(1)",
       .arguments = "index:integer"},
  };
  return kCommands;
}

}  // namespace larder::commands
