#pragma once

#include "larder/engine/call.h"

namespace larder::commands {

// `<container> HELP`: two lines for each subcommand, its usage and its summary, made from the
// rows.
void container_help(engine::Call& call);

// The error for an unknown subcommand, or for a wrong number of arguments: `Try DEBUG HELP`.
void debug_usage(engine::Call& call);

}  // namespace larder::commands
