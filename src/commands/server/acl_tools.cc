// Tools for writing rules: categories, passwords, and a test of what a user may do.

#include <algorithm>
#include <string>
#include <vector>

#include "larder/acl/directory.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/categories.h"
#include "larder/engine/command.h"
#include "larder/engine/command_table.h"

namespace larder::commands {
namespace {

using namespace engine;

constexpr std::int64_t kDefaultBits = 256;
constexpr std::int64_t kMostBits = 4096;

void refuse_form(Call& call) {
  call.reply.error("ERR unknown subcommand or wrong number of arguments for '" +
                   std::string(call.arg(1)) + "'. Try ACL HELP.");
}

void acl_cat(Call& call, CommandTable& table) {
  if (call.size() > 3) return refuse_form(call);
  if (call.size() == 2) {
    call.reply.array(kAclCategories);
    for (std::size_t i = 0; i < kAclCategories; ++i) call.reply.bulk(acl_category_name(i));
    return;
  }
  const auto category = acl_category(call.arg(2));
  if (!category) {
    return call.reply.error("ERR Unknown category '" + std::string(call.arg(2)) + "'");
  }
  std::vector<std::string> names;
  for (const auto& command : table.all()) {
    if ((acl_categories(*command->row) & *category) != 0) names.push_back(command->full_name());
  }
  std::sort(names.begin(), names.end());
  call.reply.array(names.size());
  for (const std::string& name : names) call.reply.bulk(name);
}

void acl_genpass(Call& call) {
  if (call.size() > 3) return refuse_form(call);
  std::int64_t bits = kDefaultBits;
  ArgReader args(call, 2);
  if (args.more()) bits = args.integer();
  if (args.failed()) return;
  if (bits <= 0 || bits > kMostBits) {
    return call.reply.error(
        "ERR ACL GENPASS argument must be the number of bits for the output password, a positive "
        "number up to 4096");
  }
  call.reply.bulk(acl::random_password(static_cast<std::size_t>(bits)));
}

std::string explained(const acl::User& user, const BoundCommand& command, const acl::Verdict& why,
                      resp::Args args) {
  const std::string prefix = "User " + std::string(user.name) + " has no permissions to ";
  const std::string what(args[why.position]);
  if (why.denied == Denied::key) return prefix + "access the '" + what + "' key";
  if (why.denied == Denied::channel) return prefix + "access the '" + what + "' channel";
  return prefix + "run the '" + command.full_name() + "' command";
}

void acl_dryrun(Call& call, acl::Directory& directory, CommandTable& table) {
  const acl::User* user = directory.find(call.arg(2));
  if (user == nullptr) {
    return call.reply.error("ERR User '" + std::string(call.arg(2)) + "' not found");
  }
  const resp::Args words = call.args.subspan(3);
  const BoundCommand* command = table.resolve(words);
  if (command == nullptr ||
      (command->is_container() && words.size() > 1 && !command->row->has(kTakesTheRest))) {
    return call.reply.error("ERR Command '" + std::string(words[0]) + "' not found");
  }
  if (!command->row->arity.admits(words.size())) {
    return call.reply.error("ERR wrong number of arguments for '" + command->full_name() +
                            "' command");
  }
  const acl::Verdict verdict = user->powers.check(*command, words);
  if (verdict.denied == Denied::nothing) return call.reply.ok();
  call.reply.bulk(explained(*user, *command, verdict, words));
}

constexpr std::uint32_t kAclToolsFlags = kNoScript | kLoading | kStale;

}  // namespace

std::span<const engine::Command> server_acl_tools() {
  static constexpr Command kCommands[] = {
      {.name = "acl cat",
       .family = Family::server,
       .arity = at_least(2),
       .flags = kAclToolsFlags,
       .handler = Handler::of<acl_cat>(),
       .since = "6.0.0",
       .summary = "Lists the categories of commands, or the commands of one.",
       .complexity = "O(1) since the categories and commands are a fixed set.",
       .arguments = "category:string?"},
      {.name = "acl dryrun",
       .family = Family::server,
       .arity = at_least(4),
       .flags = kAdmin | kAclToolsFlags,
       .handler = Handler::of<acl_dryrun>(),
       .since = "7.0.0",
       .summary = "Returns whether a user may run a command, without running it.",
       .complexity = "O(1).",
       .arguments = "username:string command:string arg:string?*"},
      {.name = "acl genpass",
       .family = Family::server,
       .arity = at_least(2),
       .flags = kAclToolsFlags,
       .handler = Handler::of<acl_genpass>(),
       .since = "6.0.0",
       .summary = "Generates a random password.",
       .complexity = "O(1)",
       .arguments = "bits:integer?"},
  };
  return kCommands;
}

}  // namespace larder::commands
