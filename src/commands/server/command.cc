#include "larder/engine/command.h"

#include <algorithm>

#include "../container_help.h"
#include "command_docs.h"
#include "command_info.h"
#include "larder/base/glob.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/categories.h"
#include "larder/engine/command_table.h"
#include "larder/engine/keys.h"

namespace larder::commands {
namespace {

using namespace engine;

void write_all(Call& call, const CommandTable& table) {
  call.reply.array(table.commands().size());
  for (const BoundCommand* each : table.commands()) write_command_info(call.reply, *each);
}

void command(Call& call, CommandTable& table) { write_all(call, table); }

void command_count(Call& call, CommandTable& table) {
  call.reply.integer(static_cast<std::int64_t>(table.commands().size()));
}

void command_info(Call& call, CommandTable& table) {
  if (call.size() == 2) return write_all(call, table);
  call.reply.array(call.size() - 2);
  for (std::size_t i = 2; i < call.size(); ++i) {
    const BoundCommand* found = table.find(call.arg(i));
    found == nullptr ? call.reply.null() : write_command_info(call.reply, *found);
  }
}

void write_named_docs(Call& call, const BoundCommand& command) {
  call.reply.bulk(command.full_name());
  write_command_docs(call.reply, command);
}

void command_docs(Call& call, CommandTable& table) {
  if (call.size() == 2) {
    call.reply.map(table.commands().size());
    for (const BoundCommand* each : table.commands()) {
      if (!call.reply.drops()) write_named_docs(call, *each);
    }
    return;
  }
  const resp::Writer::Mark mark = call.reply.begin_map();
  std::uint64_t written = 0;
  for (std::size_t i = 2; i < call.size(); ++i) {
    const BoundCommand* found = table.find(call.arg(i));
    if (found == nullptr) continue;
    write_named_docs(call, *found);
    ++written;
  }
  call.reply.end_map(mark, written);
}

// COMMAND LIST's FILTERBY.
struct Filter {
  bool module = false;  // the commands of a module; there are none
  std::optional<std::string_view> category;
  std::optional<std::string_view> pattern;

  bool admits(const BoundCommand& each) const {
    if (module) return false;
    if (category) {
      const auto wanted = acl_category(*category);
      return wanted && (acl_categories(*each.row) & *wanted) != 0;
    }
    return !pattern || base::match_glob(*pattern, each.full_name(), base::Case::ignored);
  }
};

// False if an option is wrong; the error has been sent.
bool read(Call& call, Filter& filter) {
  ArgReader options(call, 2);
  const bool filters = options.left() == 3 && options.word("FILTERBY");
  if (filters && options.option("MODULE")) {
    filter.module = true;
    options.text();
  } else if (filters && options.option("ACLCAT")) {
    filter.category = options.text();
  } else if (filters && options.option("PATTERN")) {
    filter.pattern = options.text();
  } else if (options.more()) {
    options.fail(errors::kSyntax);
  }
  return !options.failed();
}

void command_list(Call& call, CommandTable& table) {
  Filter filter;
  if (!read(call, filter)) return;
  const resp::Writer::Mark mark = call.reply.begin_array();
  std::uint64_t written = 0;
  const auto list = [&](const BoundCommand& each) {
    if (!filter.admits(each)) return;
    call.reply.bulk(each.full_name());
    ++written;
  };
  for (const BoundCommand* each : table.commands()) {
    list(*each);
    for (const BoundCommand* child : each->children) list(*child);
  }
  call.reply.end_array(mark, written);
}

// The keys of the command in the arguments; nothing if an error has been sent.
std::optional<std::vector<FoundKey>> keys_of_inner(Call& call, const CommandTable& table) {
  const resp::Args inner = call.args.subspan(2);
  const BoundCommand* found = table.resolve(inner);
  if (found == nullptr || (found->is_container() && inner.size() > 1)) {
    return call.reply.error("ERR Invalid command specified"), std::nullopt;
  }
  const Command& row = *found->row;
  if (!names_keys(row)) {
    return call.reply.error("ERR The command has no key arguments"), std::nullopt;
  }
  if (!row.arity.admits(inner.size())) {
    return call.reply.error("ERR Invalid number of arguments specified for command"), std::nullopt;
  }
  auto keys = find_keys(row, inner);
  if (!keys) call.reply.error("ERR Invalid arguments specified for command");
  return keys;
}

void command_getkeys(Call& call, CommandTable& table) {
  const auto keys = keys_of_inner(call, table);
  if (!keys) return;
  call.reply.array(keys->size());
  for (const FoundKey& key : *keys) call.reply.bulk(call.arg(2 + key.position));
}

void command_getkeysandflags(Call& call, CommandTable& table) {
  const auto keys = keys_of_inner(call, table);
  if (!keys) return;
  call.reply.array(keys->size());
  for (const FoundKey& key : *keys) {
    call.reply.array(2);
    call.reply.bulk(call.arg(2 + key.position));
    write_key_flags(call.reply, key.flags);
  }
}

constexpr std::uint32_t kCommandFlags = kLoading | kStale;
constexpr std::string_view kUnordered = "nondeterministic_output_order";

}  // namespace

std::span<const engine::Command> server_command() {
  static constexpr Command kCommands[] = {
      {.name = "command",
       .family = Family::server,
       .arity = at_least(1),
       .flags = kCommandFlags | kContainer,
       .categories = kConnection,
       .handler = Handler::of<command>(),
       .since = "2.8.13",
       .summary = "Describes all commands.",
       .complexity = "O(N) where N is the number of commands",
       .tips = kUnordered},
      {.name = "command count",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kCommandFlags,
       .categories = kConnection,
       .handler = Handler::of<command_count>(),
       .since = "2.8.13",
       .summary = "Returns the number of commands.",
       .complexity = "O(1)"},
      {.name = "command docs",
       .family = Family::server,
       .arity = at_least(2),
       .flags = kCommandFlags,
       .categories = kConnection,
       .handler = Handler::of<command_docs>(),
       .since = "7.0.0",
       .summary = "Documents the named commands, or all.",
       .complexity = "O(N) where N is the number of commands asked for",
       .arguments = "command-name:string?*",
       .tips = kUnordered},
      {.name = "command getkeys",
       .family = Family::server,
       .arity = at_least(3),
       .flags = kCommandFlags,
       .categories = kConnection,
       .handler = Handler::of<command_getkeys>(),
       .since = "2.8.13",
       .summary = "Returns the keys among a command's arguments.",
       .complexity = "O(N) where N is the number of arguments",
       .arguments = "command:string arg:string?*"},
      {.name = "command getkeysandflags",
       .family = Family::server,
       .arity = at_least(3),
       .flags = kCommandFlags,
       .categories = kConnection,
       .handler = Handler::of<command_getkeysandflags>(),
       .since = "7.0.0",
       .summary = "Returns the keys among a command's arguments, and what is done to each.",
       .complexity = "O(N) where N is the number of arguments",
       .arguments = "command:string arg:string?*"},
      {.name = "command help",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kCommandFlags,
       .categories = kConnection,
       .handler = Handler::of<container_help>(),
       .since = "5.0.0",
       .summary = "Lists these subcommands.",
       .complexity = "O(1)"},
      {.name = "command info",
       .family = Family::server,
       .arity = at_least(2),
       .flags = kCommandFlags,
       .categories = kConnection,
       .handler = Handler::of<command_info>(),
       .since = "2.8.13",
       .summary = "Describes the named commands, or all, in a form for programs.",
       .complexity = "O(N) where N is the number of commands asked for",
       .arguments = "command-name:string?*",
       .tips = kUnordered},
      {.name = "command list",
       .family = Family::server,
       .arity = at_least(2),
       .flags = kCommandFlags,
       .categories = kConnection,
       .handler = Handler::of<command_list>(),
       .since = "7.0.0",
       .summary = "Lists the names of commands: all, or those that match a filter.",
       .complexity = "O(N) where N is the number of commands",
       .arguments = "filterby:oneof@FILTERBY?(module-name:string@MODULE category:string@ACLCAT "
                    "pattern:pattern@PATTERN)",
       .tips = kUnordered},
  };
  return kCommands;
}

}  // namespace larder::commands
