// MODULE of a server without modules: the list is empty, and none can be loaded or unloaded.

#include <string>

#include "../container_help.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/engine/settings.h"

namespace larder::commands {
namespace {

using namespace engine;

// False if the session may not change modules; the error has been sent.
bool is_permitted(Call& call, const engine::Settings& settings) {
  const auto permission = settings.enable_module_command.as<Permission>();
  if (permission == Permission::yes ||
      (permission == Permission::local && call.session.peer().is_local())) {
    return true;
  }
  call.reply.error(
      "ERR MODULE command not allowed. If the enable-module-command option is set to \"local\", "
      "you can run it from a local connection, otherwise you need to set this option in the "
      "configuration file, and then restart the server.");
  return false;
}

void module_list(Call& call) { call.reply.array(0); }

void module_load(Call& call, engine::Settings& settings) {
  if (!is_permitted(call, settings)) return;
  call.reply.error("ERR Error loading the extension. Modules are not supported.");
}

void module_unload(Call& call, engine::Settings& settings) {
  if (!is_permitted(call, settings)) return;
  call.reply.error("ERR Error unloading module: no such module with that name");
}

constexpr std::uint32_t kChanges = kAdmin | kNoScript | kNoAsyncLoading;

}  // namespace

std::span<const engine::Command> server_module() {
  static constexpr Command kCommands[] = {
      {.name = "module",
       .family = Family::server,
       .arity = at_least(2),
       .flags = kContainer,
       .since = "4.0.0",
       .summary = "Commands about modules.",
       .complexity = "As its subcommands"},
      {.name = "module help",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kLoading | kStale,
       .handler = Handler::of<container_help>(),
       .since = "5.0.0",
       .summary = "Lists these subcommands.",
       .complexity = "O(1)"},
      {.name = "module list",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kAdmin | kNoScript,
       .handler = Handler::of<module_list>(),
       .since = "4.0.0",
       .summary = "Lists the modules, of which there are none.",
       .complexity = "O(1)",
       .tips = "nondeterministic_output_order"},
      {.name = "module load",
       .family = Family::server,
       .arity = at_least(3),
       .flags = kChanges,
       .handler = Handler::of<module_load>(),
       .since = "4.0.0",
       .summary = "Fails: modules are not supported.",
       .complexity = "O(1)",
       .arguments = "path:string arg:string?*"},
      {.name = "module loadex",
       .family = Family::server,
       .arity = at_least(3),
       .flags = kChanges,
       .handler = Handler::of<module_load>(),
       .since = "7.0.0",
       .summary = "Fails: modules are not supported.",
       .complexity = "O(1)",
       .arguments = "path:string configs:block@CONFIG?*+(name:string value:string) "
                    "args:block@ARGS?*(arg:string)"},
      {.name = "module unload",
       .family = Family::server,
       .arity = exactly(3),
       .flags = kChanges,
       .handler = Handler::of<module_unload>(),
       .since = "4.0.0",
       .summary = "Fails: there are no modules.",
       .complexity = "O(1)",
       .arguments = "name:string"},
  };
  return kCommands;
}

}  // namespace larder::commands
