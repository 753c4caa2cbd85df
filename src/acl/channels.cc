#include "channels.h"

#include <algorithm>
#include <string_view>

namespace larder::acl {
namespace {

struct Row {
  std::string_view command;
  bool all;  // all arguments are channels, not the first alone
  bool patterns;
};

constexpr Row kRows[] = {
    Row{"publish", false, false},   Row{"spublish", false, false}, Row{"subscribe", true, false},
    Row{"ssubscribe", true, false}, Row{"psubscribe", true, true},
};

}  // namespace

ChannelArguments channel_arguments(const engine::Command& command, resp::Args args) {
  if (!command.has(engine::kPubSub)) return {};
  for (const Row& row : kRows) {
    if (row.command != command.name) continue;
    const std::size_t end = row.all ? args.size() : std::min<std::size_t>(args.size(), 2);
    return {.first = 1, .end = end, .patterns = row.patterns};
  }
  return {};
}

}  // namespace larder::acl
