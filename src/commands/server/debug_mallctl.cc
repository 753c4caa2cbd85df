#include <string>

#include "../container_help.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/memory/pages.h"

namespace larder::commands {
namespace {

using namespace engine;

void refuse(Call& call, const base::Error& error) { call.reply.error("ERR " + error.text); }

// Replies with the control's value before the write, or OK if it cannot be read.
template <typename Value, typename Print>
void answer(Call& call, base::Result<std::optional<Value>> before, Print print) {
  if (!before) return refuse(call, before.error());
  if (!before->has_value()) return call.reply.ok();
  print(**before);
}

void debug_mallctl(Call& call) {
  const std::string name(call.arg(2));
  const auto print = [&call](std::int64_t value) { call.reply.integer(value); };
  if (call.size() == 3) {
    auto value = memory::read_control(name);
    return value ? print(*value) : refuse(call, value.error());
  }
  ArgReader args(call, 3);
  const std::int64_t value = args.integer();
  if (call.size() > 4) return debug_usage(call);
  if (args.failed()) return;
  answer(call, memory::write_control(name, value), print);
}

void debug_mallctl_str(Call& call) {
  const std::string name(call.arg(2));
  const auto print = [&call](const std::string& value) { call.reply.bulk(value); };
  if (call.size() == 3) {
    auto value = memory::read_text_control(name);
    return value ? print(*value) : refuse(call, value.error());
  }
  if (call.size() > 4) return debug_usage(call);
  answer(call, memory::write_text_control(name, std::string(call.arg(3))), print);
}

constexpr std::uint32_t kDebugMallctlFlags = kAdmin | kNoScript | kLoading | kStale | kProtected;

}  // namespace

std::span<const engine::Command> server_debug_mallctl() {
  static constexpr Command kCommands[] = {
      {.name = "debug mallctl",
       .family = Family::server,
       .arity = at_least(3),
       .flags = kDebugMallctlFlags,
       .handler = Handler::of<debug_mallctl>(),
       .since = "6.0.0",
       .summary = "Reads one of the allocator's controls that is a number, or writes it.",
       .complexity = "O(1)",
       .arguments = "control:string value:integer?"},
      {.name = "debug mallctl-str",
       .family = Family::server,
       .arity = at_least(3),
       .flags = kDebugMallctlFlags,
       .handler = Handler::of<debug_mallctl_str>(),
       .since = "6.0.0",
       .summary = "Reads one of the allocator's controls that is a text, or writes it.",
       .complexity = "O(1)",
       .arguments = "control:string value:string?"},
  };
  return kCommands;
}

}  // namespace larder::commands
