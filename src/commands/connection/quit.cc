#include "larder/engine/access_control.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

void quit(Call& call) {
  call.reply.ok();
  call.session.close(Closing::after_reply);
}

void reset(Call& call, Credentials& credentials) {
  call.session.reset();
  credentials.admit(call.session);
  call.reply.simple("RESET");
}

constexpr std::uint32_t kSessionFlags =
    kNoScript | kLoading | kStale | kFast | kNoAuth | kAllowBusy | kNotQueued | kForSubscribers;

}  // namespace

std::span<const engine::Command> connection_quit() {
  static constexpr Command kCommands[] = {
      {.name = "quit",
       .family = Family::connection,
       .arity = at_least(1),
       .flags = kSessionFlags,
       .handler = Handler::of<quit>(),
       .since = "1.0.0",
       .summary = "Closes the connection after all replies are sent.",
       .complexity = "O(1)",
       .deprecated_since = "7.2.0",
       .replaced_by = "closing the connection"},
      {.name = "reset",
       .family = Family::connection,
       .arity = exactly(1),
       .flags = kSessionFlags,
       .handler = Handler::of<reset>(),
       .since = "6.2.0",
       .summary = "Resets the state of the connection.",
       .complexity = "O(1)"},
  };
  return kCommands;
}

}  // namespace larder::commands
