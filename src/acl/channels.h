#pragma once

#include <cstddef>

#include "larder/engine/command.h"
#include "larder/resp/request.h"

namespace larder::acl {

// Which arguments of a command are channels that it speaks to or listens to; from first up to but
// without end. None for commands that leave channels, which everybody may.
struct ChannelArguments {
  std::size_t first = 0;
  std::size_t end = 0;
  bool patterns = false;
};
ChannelArguments channel_arguments(const engine::Command& command, resp::Args args);

}  // namespace larder::acl
