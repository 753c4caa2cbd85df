#include "larder/acl/directory.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

constexpr std::string_view kNoFile =
    "ERR This Redis instance is not configured to use an ACL file. You may want to specify users "
    "via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis "
    "configuration file set) in order to store users in the Redis configuration.";

void answer(Call& call, const base::Result<void>& done) {
  if (!done) return call.reply.error("ERR " + done.error().text);
  call.reply.ok();
}

void acl_load(Call& call, acl::Directory& directory) {
  if (!directory.has_file()) return call.reply.error(kNoFile);
  answer(call, directory.load(call.session));
}

void acl_save(Call& call, acl::Directory& directory) {
  if (!directory.has_file()) return call.reply.error(kNoFile);
  answer(call, directory.save());
}

constexpr std::uint32_t kAclFileFlags = kAdmin | kNoScript | kLoading | kStale;

}  // namespace

std::span<const engine::Command> server_acl_file() {
  static constexpr Command kCommands[] = {
      {.name = "acl load",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kAclFileFlags,
       .handler = Handler::of<acl_load>(),
       .since = "6.0.0",
       .summary = "Loads the users from the ACL file: all of it or, after an error, nothing.",
       .complexity = "O(N). Where N is the number of configured users."},
      {.name = "acl save",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kAclFileFlags,
       .handler = Handler::of<acl_save>(),
       .since = "6.0.0",
       .summary = "Writes the users to the ACL file.",
       .complexity = "O(N). Where N is the number of configured users.",
       .tips = "request_policy:all_nodes response_policy:all_succeeded"},
  };
  return kCommands;
}

}  // namespace larder::commands
