#pragma once

#include "larder/engine/call.h"

namespace larder::commands {

// The error of DEBUG for an unknown subcommand, or for a wrong number of arguments.
void debug_usage(engine::Call& call);

}  // namespace larder::commands
