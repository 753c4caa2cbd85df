#include "../container_help.h"
#include "larder/base/text.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/scripting/runtime.h"

namespace larder::commands {
namespace {

using namespace engine;
using scripting::Runtime;

void script_load(Call& call, Runtime& scripts) { scripts.load(call); }

void script_exists(Call& call, Runtime& scripts) {
  call.reply.array(call.size() - 2);
  for (const std::string_view sha : call.args.subspan(2)) {
    call.reply.integer(scripts.has(sha) ? 1 : 0);
  }
}

void script_flush(Call& call, Runtime& scripts) {
  const bool in_steps = call.size() == 3 && base::equals_ignoring_case(call.arg(2), "async");
  const bool at_once = call.size() == 3 && base::equals_ignoring_case(call.arg(2), "sync");
  if (call.size() > 3 || (call.size() == 3 && !in_steps && !at_once)) {
    return call.reply.error("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
  }
  scripts.flush(in_steps ? Runtime::Freeing::in_steps : Runtime::Freeing::at_once);
  call.reply.ok();
}

void script_kill(Call& call, Runtime& scripts) { scripts.kill(call, scripting::RunKind::script); }

void script_debug(Call& call, Runtime& scripts) { scripts.set_debugging(call); }

constexpr std::string_view kOnAllNodes = "request_policy:all_nodes response_policy:all_succeeded";

}  // namespace

std::span<const engine::Command> scripting_script() {
  static constexpr Command kCommands[] = {
      {.name = "script",
       .family = Family::scripting,
       .arity = at_least(2),
       .flags = kContainer,
       .since = "2.6.0",
       .summary = "A container for commands on scripts.",
       .complexity = "Depends on subcommand."},
      {.name = "script debug",
       .family = Family::scripting,
       .arity = exactly(3),
       .flags = kNoScript,
       .handler = Handler::of<script_debug>(),
       .since = "3.2.0",
       .summary = "Sets whether the next script of the connection is debugged.",
       .complexity = "O(1)",
       .arguments = "mode:oneof(yes:pure-token@YES sync:pure-token@SYNC no:pure-token@NO)"},
      {.name = "script exists",
       .family = Family::scripting,
       .arity = at_least(3),
       .flags = kNoScript,
       .only_shows = true,
       .handler = Handler::of<script_exists>(),
       .since = "2.6.0",
       .summary = "Returns for each SHA-1 whether there is a script with this name.",
       .complexity = "O(N) for N names",
       .arguments = "sha1:string*",
       .tips = "request_policy:all_shards response_policy:agg_logical_and"},
      {.name = "script flush",
       .family = Family::scripting,
       .arity = at_least(2),
       .flags = kNoScript,
       .handler = Handler::of<script_flush>(),
       .since = "2.6.0",
       .summary = "Removes all scripts.",
       .complexity = "O(N) for N scripts",
       .arguments = "flush-type:oneof?(async:pure-token@ASYNC sync:pure-token@SYNC)",
       .tips = kOnAllNodes},
      {.name = "script help",
       .family = Family::scripting,
       .arity = exactly(2),
       .flags = kLoading | kStale,
       .handler = Handler::of<container_help>(),
       .since = "5.0.0",
       .summary = "Prints this help.",
       .complexity = "O(1)"},
      {.name = "script kill",
       .family = Family::scripting,
       .arity = exactly(2),
       .flags = kNoScript | kAllowBusy,
       .handler = Handler::of<script_kill>(),
       .since = "2.6.0",
       .summary = "Ends the script that is running, if it has not written.",
       .complexity = "O(1)",
       .tips = "request_policy:all_shards response_policy:one_succeeded"},
      {.name = "script load",
       .family = Family::scripting,
       .arity = exactly(3),
       .flags = kNoScript | kStale,
       .handler = Handler::of<script_load>(),
       .since = "2.6.0",
       .summary = "Keeps a script, and returns the SHA-1 of its text.",
       .complexity = "O(N) for N bytes of the script",
       .arguments = "script:string",
       .tips = kOnAllNodes},
  };
  return kCommands;
}

}  // namespace larder::commands
