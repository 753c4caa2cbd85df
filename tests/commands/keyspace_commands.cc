#include "keyspace_commands.h"

namespace larder::commands {

std::vector<std::span<const engine::Command>> KeyspaceCommands::rows() {
  std::vector<std::span<const engine::Command>> found;
  for (const auto list : index()) {
    const auto family = list.front().family;
    const bool is_on_values =
        family != engine::Family::connection && family != engine::Family::server &&
        family != engine::Family::pubsub && family != engine::Family::transactions &&
        family != engine::Family::scripting &&
        list.front().name != "wait" &&   // and WAITAOF: they wait for other servers and the disk
        list.front().name != "migrate";  // it speaks to another server
    if (is_on_values) found.push_back(list);
  }
  return found;
}

}  // namespace larder::commands
