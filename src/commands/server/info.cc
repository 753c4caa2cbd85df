#include "larder/info/info.h"

#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

void info(Call& call, larder::info::Reporter& reporter) {
  const std::vector<std::string_view> sections(call.args.begin() + 1, call.args.end());
  call.reply.verbatim("txt", reporter.render(sections));
}

}  // namespace

std::span<const engine::Command> server_info() {
  static constexpr Command kCommands[] = {
      {.name = "info",
       .family = Family::server,
       .arity = at_least(1),
       .flags = kLoading | kStale,
       .categories = kDangerous,
       .handler = Handler::of<info>(),
       .since = "1.0.0",
       .summary = "Returns information about the server in sections.",
       .complexity = "O(1)",
       .arguments = "section:string?*",
       .tips = "nondeterministic_output request_policy:all_shards response_policy:special"},
  };
  return kCommands;
}

}  // namespace larder::commands
