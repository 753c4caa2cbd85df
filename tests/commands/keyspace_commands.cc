#include "keyspace_commands.h"

#include <sys/uio.h>

namespace larder::commands {

void KeyspaceCommands::take(std::string& bytes) {
  iovec pieces[16];
  const std::size_t count = output.gather(pieces, 16);
  std::size_t taken = 0;
  for (std::size_t i = 0; i < count; ++i) {
    bytes.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
    taken += pieces[i].iov_len;
  }
  output.consume(taken);
}

std::vector<std::span<const engine::Command>> KeyspaceCommands::rows() {
  std::vector<std::span<const engine::Command>> found;
  for (const auto list : index()) {
    const auto family = list.front().family;
    const bool is_on_values =
        family != engine::Family::connection && family != engine::Family::server &&
        family != engine::Family::pubsub && family != engine::Family::transactions;
    if (is_on_values) found.push_back(list);
  }
  return found;
}

}  // namespace larder::commands
