#pragma once

#include <cstddef>

#include "larder/engine/command.h"
#include "larder/resp/request.h"

namespace larder::acl {

// The arguments of a command that are channels which it publishes or subscribes to, from first up
// to but without end. None for commands that unsubscribe, which are always allowed.
struct ChannelArguments {
  std::size_t first = 0;
  std::size_t end = 0;
  bool patterns = false;
};
ChannelArguments channel_arguments(const engine::Command& command, resp::Args args);

}  // namespace larder::acl
