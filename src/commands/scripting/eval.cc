#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/scripting/runtime.h"

namespace larder::commands {
namespace {

using namespace engine;
using scripting::Access;
using scripting::Runtime;

template <Access kAccess>
void eval(Call& call, Runtime& scripts) {
  scripts.eval(call, kAccess);
}

template <Access kAccess>
void evalsha(Call& call, Runtime& scripts) {
  scripts.evalsha(call, kAccess);
}

std::uint32_t gates_of_text(const Runtime& scripts, std::span<const std::string_view> args) {
  return scripts.declared_gates(args[1]);
}

std::uint32_t gates_of_name(const Runtime& scripts, std::span<const std::string_view> args) {
  return scripts.declared_gates_of(args[1]);
}

constexpr std::uint32_t kEvalFlags =
    kNoScript | kStale | kSkipMonitor | kNoMandatoryKeys | kMovableKeys;
constexpr std::uint32_t kMayWrite = kEvalFlags | kMayReplicate | kRunsScript;
// Keys may be used in any way.
constexpr KeySpecs kKeys = {KeySpec::counted(2, kRW | kAccess | kUpdate)};
constexpr KeySpecs kKeysToRead = {KeySpec::counted(2, kRO | kAccess)};
constexpr std::string_view kComplexityOfScript = "Depends on the script";

}  // namespace

std::span<const engine::Command> scripting_eval() {
  static constexpr Command kCommands[] = {
      {.name = "eval",
       .family = Family::scripting,
       .arity = at_least(3),
       .flags = kMayWrite,
       .keys = kKeys,
       .handler = Handler::of<eval<Access::read_write>>(),
       .since = "2.6.0",
       .summary = "Runs a script.",
       .complexity = kComplexityOfScript,
       .arguments = "script:string numkeys:integer key:key#0?* arg:string?*",
       .declared_gates = &ask_first_tool<Runtime, &gates_of_text>},
      {.name = "evalsha",
       .family = Family::scripting,
       .arity = at_least(3),
       .flags = kMayWrite,
       .keys = kKeys,
       .handler = Handler::of<evalsha<Access::read_write>>(),
       .since = "2.6.0",
       .summary = "Runs a script by the SHA-1 of its text.",
       .complexity = kComplexityOfScript,
       .arguments = "sha1:string numkeys:integer key:key#0?* arg:string?*",
       .declared_gates = &ask_first_tool<Runtime, &gates_of_name>},
      {.name = "eval_ro",
       .family = Family::scripting,
       .arity = at_least(3),
       .flags = kEvalFlags | kReads,
       .keys = kKeysToRead,
       .handler = Handler::of<eval<Access::read_only>>(),
       .since = "7.0.0",
       .summary = "Runs a script that cannot change data.",
       .complexity = kComplexityOfScript,
       .arguments = "script:string numkeys:integer key:key#0?* arg:string?*",
       .declared_gates = &ask_first_tool<Runtime, &gates_of_text>},
      {.name = "evalsha_ro",
       .family = Family::scripting,
       .arity = at_least(3),
       .flags = kEvalFlags | kReads,
       .keys = kKeysToRead,
       .handler = Handler::of<evalsha<Access::read_only>>(),
       .since = "7.0.0",
       .summary = "Runs a script that cannot change data, by the SHA-1 of its text.",
       .complexity = kComplexityOfScript,
       .arguments = "sha1:string numkeys:integer key:key#0?* arg:string?*",
       .declared_gates = &ask_first_tool<Runtime, &gates_of_name>},
  };
  return kCommands;
}

}  // namespace larder::commands
