#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/scripting/functions.h"

namespace larder::commands {
namespace {

using namespace engine;
using scripting::Access;
using scripting::Functions;

template <Access kAccess>
void fcall(Call& call, Functions& functions) {
  functions.call(call, kAccess);
}

std::uint32_t gates_of_function(const Functions& functions,
                                std::span<const std::string_view> args) {
  return functions.declared_gates(args[1]);
}

constexpr std::uint32_t kFcallFlags =
    kNoScript | kStale | kSkipMonitor | kNoMandatoryKeys | kMovableKeys;
constexpr std::string_view kComplexityOfFunction = "Depends on the function";
constexpr std::string_view kArguments = "function:string numkeys:integer key:key#0?* arg:string?*";

}  // namespace

std::span<const engine::Command> scripting_fcall() {
  static constexpr Command kCommands[] = {
      {.name = "fcall",
       .family = Family::scripting,
       .arity = at_least(3),
       .flags = kFcallFlags | kMayReplicate | kRunsScript,
       .keys = {KeySpec::counted(2, kRW | kAccess | kUpdate)},
       .handler = Handler::of<fcall<Access::read_write>>(),
       .since = "7.0.0",
       .summary = "Calls a function.",
       .complexity = kComplexityOfFunction,
       .arguments = kArguments,
       .declared_gates = &ask_first_tool<Functions, &gates_of_function>},
      {.name = "fcall_ro",
       .family = Family::scripting,
       .arity = at_least(3),
       .flags = kFcallFlags | kReads,
       .keys = {KeySpec::counted(2, kRO | kAccess)},
       .handler = Handler::of<fcall<Access::read_only>>(),
       .since = "7.0.0",
       .summary = "Calls a function that cannot change data.",
       .complexity = kComplexityOfFunction,
       .arguments = kArguments,
       .declared_gates = &ask_first_tool<Functions, &gates_of_function>},
  };
  return kCommands;
}

}  // namespace larder::commands
