#pragma once

#include "larder/engine/call.h"

namespace larder::commands {

// DEBUG's answer to a subcommand that it does not know, or that was given too few or too
// many arguments.
void debug_usage(engine::Call& call);

}  // namespace larder::commands
