#include "larder/engine/access_control.h"

#include "larder/base/assert.h"
#include "larder/engine/command_table.h"
#include "larder/engine/session.h"

namespace larder::engine {

std::string refusal(Denied denied, const Session& session, const BoundCommand& command,
                    CommandContext occasion) {
  const std::string code =
      occasion == CommandContext::script ? "NOPERM ACL failure in script: " : "NOPERM ";
  switch (denied) {
    case Denied::command:
      return code + "User " + std::string(session.account->name) +
             " has no permissions to run the '" + command.full_name() + "' command";
    case Denied::key:
      return code + "No permissions to access a key";
    case Denied::channel:
      return code + "No permissions to access a channel";
    case Denied::nothing:
      break;
  }
  LARDER_ASSERT(denied != Denied::nothing);
  return {};
}

std::string_view since_queued(Denied denied) {
  switch (denied) {
    case Denied::command:
      return "no permission to execute the command or subcommand";
    case Denied::key:
      return "no permission to touch the specified keys";
    case Denied::channel:
      return "no permission to access one of the channels used as argument to the command";
    case Denied::nothing:
      break;
  }
  return {};
}

}  // namespace larder::engine
