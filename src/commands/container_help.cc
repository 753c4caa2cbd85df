#include "container_help.h"

#include <algorithm>
#include <string>
#include <vector>

#include "larder/base/text.h"
#include "larder/commands/argument_syntax.h"
#include "larder/engine/command_table.h"

namespace larder::commands {
namespace {

std::string raised(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = base::upper(c);
  return upper;
}

}  // namespace

void container_help(engine::Call& call) {
  const engine::BoundCommand& container = *call.command.parent;
  std::vector<const engine::BoundCommand*> children(container.children.begin(),
                                                    container.children.end());
  std::sort(children.begin(), children.end(), [&call](const auto* a, const auto* b) {
    const bool a_last = a == &call.command;
    const bool b_last = b == &call.command;
    return a_last != b_last ? b_last : a->name < b->name;
  });
  call.reply.array(1 + 2 * children.size());
  call.reply.simple(raised(container.name) +
                    " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  for (const auto* child : children) {
    std::string line = raised(child->name);
    const std::string arguments = usage(parse_arguments(child->row->arguments));
    if (!arguments.empty()) line += " " + arguments;
    call.reply.simple(line);
    call.reply.simple("    " + std::string(child->row->summary));
  }
}

void debug_usage(engine::Call& call) {
  constexpr std::size_t kMostShown = 128;
  call.reply.error("ERR unknown subcommand or wrong number of arguments for '" +
                   std::string(call.arg(1).substr(0, kMostShown)) + "'. Try DEBUG HELP.");
}

}  // namespace larder::commands
