#include "../container_help.h"
#include "larder/base/numbers.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/engine/debug_switches.h"

namespace larder::commands {
namespace {

using namespace engine;

std::int64_t read_reset_time(ArgReader& args) {
  if (args.word("never")) return -1;
  if (args.word("reset")) return ReplyPeak::kUsualMs;
  return args.integer();
}

void debug_replybuffer(Call& call, ReplyPeak& peak) {
  ArgReader args(call, 2);
  if (args.word("peak-reset-time")) {
    const std::int64_t reset_ms = read_reset_time(args);
    if (args.failed()) return;
    peak.reset_ms = reset_ms;
    return call.reply.ok();
  }
  if (!args.word("resizing")) return debug_usage(call);
  // There is nothing to enable: a client without replies has no buffer, others get complete chunks.
  if (base::parse_int64(args.text()).value_or(0) != 0) {
    return call.reply.error("ERR reply buffers have one size, and there is none while it is empty");
  }
  call.reply.ok();
}

}  // namespace

std::span<const engine::Command> server_debug_replybuffer() {
  static constexpr Command kCommands[] = {
      {.name = "debug replybuffer",
       .family = Family::server,
       .arity = exactly(4),
       .flags = kAdmin | kNoScript | kLoading | kStale | kProtected,
       .handler = Handler::of<debug_replybuffer>(),
       .since = "7.0.0",
       .summary = "Sets after which time the peak of a client's reply buffer is reset.",
       .complexity = "O(1)",
       .arguments = "setting:oneof(time:string@PEAK-RESET-TIME resizing:string@RESIZING)"},
  };
  return kCommands;
}

}  // namespace larder::commands
