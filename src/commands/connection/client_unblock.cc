#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

void client_unblock(Call& call, Sessions& sessions) {
  if (call.size() > 4) {
    return call.reply.error("ERR unknown subcommand or wrong number of arguments for '" +
                            std::string(call.arg(1)) + "'. Try CLIENT HELP.");
  }
  ArgReader args(call, 2);
  auto ending = Waiters::Ending::timeout;
  const std::string_view id_text = args.text();
  if (args.word("error")) {
    ending = Waiters::Ending::error;
  } else if (args.more() && !args.word("timeout")) {
    args.fail("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
  }
  const auto id = base::parse_int64(id_text);
  if (!id) args.fail(errors::kNotAnInteger);
  if (args.failed()) return;
  Session* session = *id > 0 ? sessions.find(static_cast<std::uint64_t>(*id)) : nullptr;
  const bool ended = session != nullptr && call.waiters.unblock(*session, ending);
  call.reply.integer(ended ? 1 : 0);
}

}  // namespace

std::span<const engine::Command> connection_client_unblock() {
  static constexpr Command kCommands[] = {
      {.name = "client unblock",
       .family = Family::connection,
       .arity = at_least(3),
       .flags = kAdmin | kNoScript | kLoading | kStale | kWhilePaused,
       .handler = Handler::of<client_unblock>(),
       .since = "5.0.0",
       .summary = "Unblocks another connection that waits for keys.",
       .complexity = "O(log N) where N is the number of client connections",
       .arguments = "client-id:integer unblock-type:oneof?(timeout:pure-token@TIMEOUT "
                    "error:pure-token@ERROR)"},
  };
  return kCommands;
}

}  // namespace larder::commands
